#include "clock.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"
#include "codec.h"
#include "encoders.h"
#include "motors.h"

#define ROOM 8  /* moments, a power of 2 */

/* As little as tells a moment: while an interrupt makes one, an encoder's edge waits. */
typedef struct {
    uint16_t tick;     /* ms, modulo 2^16 */
    uint8_t steps;     /* of the clock, since then */
    uint8_t grip_edge; /* bits 0 and 1 */
    turns_t turns;
} latched_t;

static volatile uint16_t tick;
static volatile latched_t latched[ROOM];
static volatile uint8_t made, taken, overrun;
static uint8_t grip, bounce;
static uint32_t time_taken;  /* us, of the tick taken last */
static uint16_t tick_taken;

/* Timer 0 counts 250 steps of 4 us to the millisecond. */
void clock_begin(void)
{
    DDRC &= ~(_BV(CONTACT) | _BV(EMERGENCY_LOOP));
    PORTC |= _BV(CONTACT) | _BV(EMERGENCY_LOOP);
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00);
    OCR0A = 249;
    TIMSK0 = _BV(OCIE0A);
    PCMSK1 = _BV(PCINT9) | _BV(PCINT10);
    PCICR |= _BV(PCIE1);
}

uint8_t stop_pressed(void)
{
    return (PINC & _BV(EMERGENCY_LOOP)) != 0;
}

static uint8_t contact_closed(void)
{
    return !(PINC & _BV(CONTACT));
}

/* Inline, with all that an interrupt calls: for a call it would save all registers. */
static inline __attribute__((always_inline)) void latch(uint16_t at, uint8_t steps, uint8_t edge)
{
    if ((uint8_t)(made - taken) == ROOM) {
        overrun = 1;
        return;
    }
    volatile latched_t *moment = &latched[made % ROOM];
    moment->tick = at;
    moment->steps = steps;
    moment->grip_edge = grip | edge << 1;
    moment->turns.x = turns_x;
    moment->turns.y = turns_y;
    made++;
}

/* The tick since which the timer made these steps, with interrupts off. A compare that is due but not yet served belongs to the next. */
static inline __attribute__((always_inline)) uint16_t tick_at(uint8_t steps)
{
    uint8_t due = TIFR0 & _BV(OCF0A);
    return tick + (due && steps < 125);
}

static inline __attribute__((always_inline)) void look_at_contact(uint16_t at, uint8_t steps)
{
    if (bounce || contact_closed() == grip)
        return;
    grip = !grip;
    bounce = BOUNCE_MS;
    latch(at, steps, 1);
}

ISR(PCINT1_vect)
{
    uint8_t steps = TCNT0;
    if (stop_pressed())
        motors_stop();
    look_at_contact(tick_at(steps), steps);
}

ISR(TIMER0_COMPA_vect)
{
    tick++;
    if (stop_pressed())
        motors_stop();
    latch(tick, 0, 0);
    if (bounce)
        bounce--;
    else
        look_at_contact(tick, 1);
}

uint8_t clock_waiting(void)
{
    return made != taken;
}

/* Within half a minute of the tick taken last. */
static uint32_t time_of(uint16_t at, uint8_t steps)
{
    return time_taken + 1000L * (int16_t)(at - tick_taken) + TIME_STEP * (uint32_t)steps;
}

uint8_t clock_take(moment_t *moment)
{
    if (!clock_waiting())
        return 0;
    latched_t next = latched[taken % ROOM];
    taken++;
    time_taken = time_of(next.tick, 0);
    tick_taken = next.tick;
    *moment = (moment_t){time_of(next.tick, next.steps), encoders_counts(next.turns), next.grip_edge & 1, next.grip_edge >> 1};
    return 1;
}

uint8_t clock_overrun(void)
{
    uint8_t was = overrun;
    overrun = 0;
    return was;
}

uint32_t clock_now(void)
{
    uint16_t at;
    uint8_t steps;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        steps = TCNT0;
        at = tick_at(steps);
    }
    return time_of(at, steps);
}
