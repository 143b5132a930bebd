/* A manipulandum: two encoders, a contact, a force sensor and two motors, sampled every millisecond.
 *
 * Interrupts latch moments and move bytes; everything else happens in the loop below, which the watchdog guards. After any
 * restart the motors are off. */
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "board.h"
#include "clock.h"
#include "codec.h"
#include "encoders.h"
#include "motors.h"
#include "uart.h"

#define WAS_RUNNING 0x5AC3

/* Outlives a restart that isn't a loss of power, so that the host hears of it. */
static uint16_t was_running __attribute__((section(".noinit")));
static uint8_t by_watchdog __attribute__((section(".noinit")));

static uint8_t running, restarted = 1, overran, receive_errors;
static uint16_t sequence;
static uint16_t force;

/* Before main: the watchdog stays on over its own reset, at its shortest time. */
void quiet_watchdog(void) __attribute__((naked, used, section(".init3")));
void quiet_watchdog(void)
{
    by_watchdog = MCUSR & _BV(WDRF);
    MCUSR = 0;
    wdt_disable();
}

static void force_begin(void)
{
    ADMUX = _BV(REFS0) | FORCE_CHANNEL;
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
}

/* The conversion begun a tick ago; it takes 0.1 ms. */
static void force_read(void)
{
    if (ADCSRA & _BV(ADSC))
        return;
    force = ADC;
    ADCSRA |= _BV(ADSC);
}

static uint16_t status_now(void)
{
    uint16_t status = motors_status() | (running ? RUNNING : 0) | (overran ? OVERRUN : 0);
    return status | (restarted ? RESTARTED : 0) | (by_watchdog ? BY_WATCHDOG : 0);
}

static void send(const uint8_t *payload, uint8_t size)
{
    uint8_t frame[FRAME_MAX];
    size = frame_write(payload, size, frame);
    uart_send(frame + 1, size - 1);  /* each frame's end is the next one's beginning */
}

static void send_sample(const moment_t *moment)
{
    sample_t sample = {
        .status = status_now() | (moment->grip ? GRIP : 0) | (moment->edge ? EDGE : 0),
        .sequence = sequence,
        .time = moment->time,
        .x = moment->counts.x,
        .y = moment->counts.y,
        .torque_x = torque_x,
        .torque_y = torque_y,
        .force = force,
        .encoder_errors = encoder_errors,
        .receive_errors = receive_errors,
    };
    uint8_t payload[SAMPLE_SIZE];
    sequence += moment->edge ? 2 : 1;
    sample_pack(&sample, payload);
    send(payload, SAMPLE_SIZE);
}

static uint8_t obey(const uint8_t *payload, uint8_t size)
{
    const uint8_t *arguments = payload + 2;
    static const uint8_t SIZES[] = {[PING] = 2, 2, 2, 2, 5, 6, 2 + FIELD_SIZE, 2, 2};
    field_t field;
    if (payload[0] < PING || payload[0] > CLEAR)
        return UNKNOWN;
    if (size != SIZES[payload[0]])
        return WRONG_SIZE;
    switch (payload[0]) {
    case START:
        running = 1;
        was_running = WAS_RUNNING;
        return DONE;
    case STOP:
        running = 0;
        was_running = 0;
        return motors_enable(0, 0);
    case ZERO:
        encoders_zero();
        return DONE;
    case ENABLE:
        return motors_enable(arguments[0], int16_unpack(arguments + 1));
    case TORQUE:
        return motors_torque(int16_unpack(arguments), int16_unpack(arguments + 2));
    case FIELD:
        field_unpack(arguments, &field);
        return motors_field(&field);
    case EMERGENCY:
        motors_stop();
        return DONE;
    case CLEAR:
        if (motors_clear() != DONE)
            return REFUSED;
        restarted = overran = by_watchdog = 0;
        return DONE;
    default:
        return DONE;
    }
}

static void answer(const uint8_t *command, uint8_t size)
{
    uint8_t payload[ANSWER_SIZE];
    motors_heard();
    answer_t said = {command[0], command[1], obey(command, size), FIRMWARE_VERSION, 0, clock_now()};
    said.status = status_now();
    answer_pack(&said, payload);
    send(payload, ANSWER_SIZE);
}

/* One command a turn: a host that sends without end holds up neither samples nor watchdog. */
static void listen(void)
{
    static receiver_t receiver;
    uint8_t byte;
    while (uart_take(&byte)) {
        int8_t size = frame_receive(&receiver, byte);
        if (size < 0 || size == 1)
            receive_errors++;
        else if (size) {
            answer(receiver.data, (uint8_t)size);
            return;
        }
    }
}

static void attend(const moment_t *moment)
{
    if (!moment->edge) {
        wdt_reset();
        force_read();
        motors_drive(moment);
    }
    overran |= clock_overrun();
    if (running)
        send_sample(moment);
}

/* Sleep until an interrupt; one that comes between the look and the sleep isn't missed, since sei takes effect an instruction later. */
static void rest(void)
{
    cli();
    if (!uart_waiting() && !clock_waiting()) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
    }
    sei();
}

int main(void)
{
    motors_begin();
    encoders_begin();
    clock_begin();
    uart_begin();
    force_begin();
    running = was_running == WAS_RUNNING;
    wdt_enable(WDTO_60MS);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    for (;;) {
        moment_t moment;
        listen();
        while (clock_take(&moment))
            attend(&moment);
        rest();
    }
}
