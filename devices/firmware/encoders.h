/* Two quadrature encoders, decoded fourfold: x on INT0 and INT1, y on PCINT2. */
#ifndef ENCODERS_H
#define ENCODERS_H

#include <stdint.h>

extern volatile int32_t count_x, count_y;
extern volatile uint8_t encoder_errors;  /* steps in which both channels changed at once: an edge was lost */

void encoders_begin(void);
void encoders_zero(void);

#endif
