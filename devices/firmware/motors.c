#include "motors.h"

#include <util/atomic.h>

#include "board.h"

int16_t torque_x, torque_y;

volatile uint8_t motors_enabled, motors_stopped;
static uint8_t silent_host, clamped;
static uint8_t heartbeat_left;       /* ms */
static int16_t limit;
static uint16_t ramp;                /* 0..RAMP_MS */
static int16_t constant_x, constant_y, goal_x, goal_y;
static field_t field;
static int32_t last_x, last_y;
static int16_t velocity_x, velocity_y;  /* 1/256 counts per ms */

/* Timer 1: phase-correct PWM of 9 bits at 15.7 kHz, whose 0 is a low without a spike. */
void motors_begin(void)
{
    PORTB &= ~(_BV(X_PWM) | _BV(Y_PWM) | _BV(DRIVERS_ON) | _BV(X_REVERSE) | _BV(Y_REVERSE));
    DDRB |= _BV(X_PWM) | _BV(Y_PWM) | _BV(DRIVERS_ON) | _BV(X_REVERSE) | _BV(Y_REVERSE);
    OCR1A = OCR1B = 0;
    TCCR1A = _BV(COM1A1) | _BV(COM1B1) | _BV(WGM11);
    TCCR1B = _BV(CS10);
}

void motors_heard(void)
{
    heartbeat_left = HEARTBEAT_MS;
}

static int16_t within(int32_t value, int16_t bound)
{
    return value > bound ? bound : value < -bound ? -bound : (int16_t)value;
}

/* Shifts stand for divisions, which take this chip 40 us each. The new velocity: differences of counts, smoothed over 4 ms, which a count more or less then hardly shakes. */
static int16_t follow(int16_t velocity, int32_t step)
{
    return (int16_t)(velocity + (((int32_t)within(step * 256, 32767) - velocity + 2) >> 2));
}

/* What two factors make of displacement and velocity, in steps of torque. */
static int32_t pull(const int16_t *stiffness, const int16_t *damping, int16_t away_x, int16_t away_y)
{
    int32_t spring = (int32_t)stiffness[0] * away_x + (int32_t)stiffness[1] * away_y;
    int32_t drag = (int32_t)damping[0] * velocity_x + (int32_t)damping[1] * velocity_y;
    return (((spring >> 7) + 1) >> 1) + (((drag >> 15) + 1) >> 1);
}

static int16_t limited(int32_t asked)
{
    int16_t torque = within(asked, limit);
    clamped |= torque != asked;
    return (int16_t)(((int32_t)torque * (int16_t)ramp + 128) >> 8);
}

static void apply(int16_t x, int16_t y)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        if (motors_enabled) {  /* an interrupt may have stopped all just now */
            if (x < 0) PORTB |= _BV(X_REVERSE); else PORTB &= ~_BV(X_REVERSE);
            if (y < 0) PORTB |= _BV(Y_REVERSE); else PORTB &= ~_BV(Y_REVERSE);
            OCR1A = (uint16_t)(x < 0 ? -x : x);
            OCR1B = (uint16_t)(y < 0 ? -y : y);
            PORTB |= _BV(DRIVERS_ON);
        } else {
            x = y = 0;
        }
    }
    torque_x = x;
    torque_y = y;
}

void motors_drive(const moment_t *moment)
{
    velocity_x = follow(velocity_x, moment->counts.x - last_x);
    velocity_y = follow(velocity_y, moment->counts.y - last_y);
    last_x = moment->counts.x;
    last_y = moment->counts.y;
    if (heartbeat_left && !--heartbeat_left && motors_enabled) {
        motors_off();
        silent_host = 1;
    }
    if (motors_enabled && ramp < RAMP_MS)
        ramp++;
    constant_x += within(goal_x - constant_x, TORQUE_STEP);
    constant_y += within(goal_y - constant_y, TORQUE_STEP);
    int16_t away_x = within(moment->counts.x - field.centre[0], 32767), away_y = within(moment->counts.y - field.centre[1], 32767);
    int32_t x = constant_x - pull(field.stiffness, field.damping, away_x, away_y);
    int32_t y = constant_y - pull(field.stiffness + 2, field.damping + 2, away_x, away_y);
    apply(limited(x), limited(y));
}

static void forget(void)
{
    static const field_t none;
    field = none;
    constant_x = constant_y = goal_x = goal_y = 0;
    ramp = 0;
}

uint8_t motors_clear(void)
{
    if (stop_pressed())
        return REFUSED;
    motors_off();
    forget();
    motors_stopped = silent_host = clamped = 0;
    return DONE;
}

uint8_t motors_enable(uint8_t on, int16_t asked)
{
    if (!on) {
        motors_off();
        forget();
        return DONE;
    }
    if (motors_stopped || silent_host || stop_pressed() || !heartbeat_left || asked < 0)
        return REFUSED;
    limit = within(asked, TORQUE_LIMIT);
    forget();
    motors_enabled = 1;
    return DONE;
}

uint8_t motors_torque(int16_t x, int16_t y)
{
    if (!motors_enabled)
        return REFUSED;
    goal_x = within(x, TORQUE_FULL);
    goal_y = within(y, TORQUE_FULL);
    return DONE;
}

uint8_t motors_field(const field_t *asked)
{
    if (!motors_enabled)
        return REFUSED;
    forget();
    field = *asked;
    for (uint8_t i = 0; i < 4; i++) {  /* so that two products fit in 32 bits */
        if (field.stiffness[i] == INT16_MIN) field.stiffness[i]++;
        if (field.damping[i] == INT16_MIN) field.damping[i]++;
    }
    return DONE;
}

uint16_t motors_status(void)
{
    uint16_t status = (motors_enabled ? ENABLED : 0) | (silent_host ? SILENT_HOST : 0) | (motors_stopped ? STOPPED : 0);
    status |= (stop_pressed() ? STOP_PRESSED : 0) | (clamped ? CLAMPED : 0);
    clamped = 0;
    return status;
}
