#include "clock.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"
#include "codec.h"
#include "encoders.h"
#include "motors.h"

#define ROOM 8  /* moments, a power of 2 */

static volatile uint32_t milliseconds_us;
static volatile moment_t moments[ROOM];
static volatile uint8_t made, taken, overrun;
static uint8_t grip, bounce;

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

static void latch(uint32_t time, uint8_t edge)
{
    if ((uint8_t)(made - taken) == ROOM) {
        overrun = 1;
        return;
    }
    volatile moment_t *moment = &moments[made % ROOM];
    moment->time = time;
    moment->x = count_x;
    moment->y = count_y;
    moment->grip = grip;
    moment->edge = edge;
    made++;
}

/* With interrupts off. A compare that is due but not yet served belongs to the next millisecond. */
static uint32_t now_us(void)
{
    uint8_t steps = TCNT0;
    uint8_t due = TIFR0 & _BV(OCF0A);
    return milliseconds_us + (due && steps < 125 ? 1000 : 0) + TIME_STEP * (uint32_t)steps;
}

static void look_at_contact(uint32_t time)
{
    if (bounce || contact_closed() == grip)
        return;
    grip = !grip;
    bounce = BOUNCE_MS;
    latch(time, 1);
}

ISR(PCINT1_vect)
{
    if (stop_pressed())
        motors_stop();
    look_at_contact(now_us());
}

ISR(TIMER0_COMPA_vect)
{
    milliseconds_us += 1000;
    if (stop_pressed())
        motors_stop();
    latch(milliseconds_us, 0);
    if (bounce)
        bounce--;
    else
        look_at_contact(milliseconds_us + TIME_STEP);
}

uint8_t clock_waiting(void)
{
    return made != taken;
}

uint8_t clock_take(moment_t *moment)
{
    if (!clock_waiting())
        return 0;
    *moment = moments[taken % ROOM];
    taken++;
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
    uint32_t time;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        time = now_us();
    }
    return time;
}
