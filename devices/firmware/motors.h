/* Two motors, and all that keeps them safe. Whatever happens, torque passes through motors_drive alone. */
#ifndef MOTORS_H
#define MOTORS_H

#include <stdint.h>

#include "clock.h"
#include "codec.h"

extern int16_t torque_x, torque_y;   /* as given to the motors */

void motors_begin(void);
void motors_stop(void);              /* emergency: off and latched; also from interrupts */
void motors_heard(void);             /* the host has said something */
void motors_drive(const moment_t *moment);  /* each tick */
uint16_t motors_status(void);

uint8_t motors_clear(void);          /* each of these gives a result for the answer */
uint8_t motors_enable(uint8_t on, int16_t limit);
uint8_t motors_torque(int16_t x, int16_t y);
uint8_t motors_field(const field_t *field);

#endif
