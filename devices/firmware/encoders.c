#include "encoders.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"

#define CHANNELS_X (_BV(X_A) | _BV(X_B))
#define CHANNELS_Y (_BV(Y_A) | _BV(Y_B))

volatile uint16_t turns_x, turns_y;
volatile uint8_t encoder_errors;
static turns_t until;    /* the moment asked for last */
static counts_t counts;  /* at that moment */

/* `up` where A is now what B was not. */
static inline void turn(volatile uint16_t *turns, uint8_t changed, uint8_t channels, uint8_t up)
{
    if (!(changed & channels))
        return;
    if ((changed & channels) == channels)
        encoder_errors++;
    else if (up)
        ++*turns;
    else
        --*turns;
}

/* One interrupt for both axes, so that neither waits for the other's. The channels before are kept in a register, which is quickest. */
ISR(PCINT2_vect)
{
    uint8_t now = PIND, before = GPIOR0;
    GPIOR0 = now;
    uint8_t changed = before ^ now, up = before >> 1 ^ now;  /* at A: B is the pin above it */
    turn(&turns_x, changed, CHANNELS_X, up & _BV(X_A));
    turn(&turns_y, changed, CHANNELS_Y, up & _BV(Y_A));
}

void encoders_begin(void)
{
    DDRD &= ~(CHANNELS_X | CHANNELS_Y);
    PORTD |= CHANNELS_X | CHANNELS_Y;
    PCMSK2 = CHANNELS_X | CHANNELS_Y;
    PCICR |= _BV(PCIE2);
    GPIOR0 = PIND;
}

counts_t encoders_counts(turns_t then)
{
    counts.x += (int16_t)(then.x - until.x);
    counts.y += (int16_t)(then.y - until.y);
    until = then;
    return counts;
}

/* Moments that were latched before and are asked for later have counts from the new zero. */
void encoders_zero(void)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        counts.x = (int16_t)(until.x - turns_x);
        counts.y = (int16_t)(until.y - turns_y);
    }
}
