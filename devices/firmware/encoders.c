#include "encoders.h"

#include <avr/interrupt.h>
#include <util/atomic.h>

#include "board.h"

volatile int32_t count_x, count_y;
volatile uint8_t encoder_errors;
static uint8_t before_x, before_y;

#define LOST 2

/* By the channels before (high bits) and now (low bits), A the lower of each two. */
static const int8_t STEP[16] = {0, 1, -1, LOST, -1, 0, LOST, 1, 1, LOST, 0, -1, LOST, -1, 1, 0};

static inline void turn(volatile int32_t *count, uint8_t *before, uint8_t now)
{
    int8_t step = STEP[*before << 2 | now];
    *before = now;
    if (step == LOST)
        encoder_errors++;
    else
        *count += step;
}

static inline uint8_t channels_x(void)
{
    return (PIND >> X_A) & 3;
}

static inline uint8_t channels_y(void)
{
    return (PIND >> Y_A) & 3;
}

ISR(INT0_vect)
{
    turn(&count_x, &before_x, channels_x());
}

ISR(INT1_vect, ISR_ALIASOF(INT0_vect));

ISR(PCINT2_vect)
{
    turn(&count_y, &before_y, channels_y());
}

void encoders_begin(void)
{
    DDRD &= ~(_BV(X_A) | _BV(X_B) | _BV(Y_A) | _BV(Y_B));
    PORTD |= _BV(X_A) | _BV(X_B) | _BV(Y_A) | _BV(Y_B);
    before_x = channels_x();
    before_y = channels_y();
    EICRA = _BV(ISC00) | _BV(ISC10);
    EIMSK = _BV(INT0) | _BV(INT1);
    PCMSK2 = _BV(PCINT20) | _BV(PCINT21);
    PCICR |= _BV(PCIE2);
}

void encoders_zero(void)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        count_x = count_y = 0;
    }
}
