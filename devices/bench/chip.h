/* The simulated ATmega328P with the firmware in it, seen from its pins. */
#ifndef CHIP_H
#define CHIP_H

#include <stdint.h>

#define CLOCK_HZ 16000000ULL

void chip_begin(const char *firmware);
void chip_run(uint64_t until);          /* cycles since the start, restarts or not */
uint64_t chip_cycles(void);

/* Called every `period` cycles, exactly. */
void chip_every(uint64_t period, void (*tick)(void));

/* Move an encoder to a count, by edges at times spread evenly over the next `cycles`. */
void chip_turn(int axis, long count, uint64_t cycles);

void chip_contact(int closed);
void chip_force(int millivolts);
void chip_emergency(int pressed);
void chip_duty(double duty[2]);         /* of the motors, -1..1; 0 where the drivers are off */
void chip_hang(void);                   /* the program stands still with interrupts off */
int chip_restarts(void);                /* how often it has begun anew */

#endif
