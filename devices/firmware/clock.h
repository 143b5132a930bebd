/* Time, and what is latched at an exact moment: each tick of 1 ms, each edge of the contact. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#include "encoders.h"

typedef struct {
    uint32_t time;     /* us */
    counts_t counts;
    uint8_t grip;      /* contact closed */
    uint8_t edge;      /* the contact has just changed; else a tick */
} moment_t;

void clock_begin(void);
uint8_t clock_waiting(void);
uint8_t clock_take(moment_t *moment);  /* the oldest moment that was not yet taken; 0 where there is none */
uint8_t clock_overrun(void);           /* whether a moment found no room since the last call */
uint32_t clock_now(void);              /* us */
uint8_t stop_pressed(void);

#endif
