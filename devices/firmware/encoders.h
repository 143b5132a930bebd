/* Two quadrature encoders, decoded fourfold. */
#ifndef ENCODERS_H
#define ENCODERS_H

#include <stdint.h>

typedef struct {
    uint16_t x, y;
} turns_t;                               /* counts, modulo 2^16 */

typedef struct {
    int32_t x, y;
} counts_t;

extern volatile uint16_t turns_x, turns_y;
extern volatile uint8_t encoder_errors;  /* steps in which both channels of an axis changed at once: an edge was lost */

void encoders_begin(void);
counts_t encoders_counts(turns_t then);  /* of a moment; each once, in their order, by no interrupt */
void encoders_zero(void);

#endif
