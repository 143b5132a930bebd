/* Two motors, and all that keeps them safe. Whatever happens, torque passes through motors_drive alone. */
#ifndef MOTORS_H
#define MOTORS_H

#include <stdint.h>

#include "board.h"
#include "clock.h"
#include "codec.h"

extern int16_t torque_x, torque_y;   /* as given to the motors */
extern volatile uint8_t motors_enabled, motors_stopped;

static inline void motors_off(void)
{
    PORTB &= ~_BV(DRIVERS_ON);
    OCR1A = OCR1B = 0;
    motors_enabled = 0;
}

/* Emergency: off and latched; also from interrupts, inline so that these save few registers. */
static inline void motors_stop(void)
{
    motors_off();
    motors_stopped = 1;
}

void motors_begin(void);
void motors_heard(void);             /* the host has said something */
void motors_drive(const moment_t *moment);  /* each tick */
uint16_t motors_status(void);

uint8_t motors_clear(void);          /* each of these gives a result for the answer */
uint8_t motors_enable(uint8_t on, int16_t limit);
uint8_t motors_torque(int16_t x, int16_t y);
uint8_t motors_field(const field_t *field);

#endif
