#include "chip.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_io.h>

#include "line.h"

#define BYTE_CYCLES 320      /* ten bits at 500 kbaud */
#define FULL_DUTY 511.0

/* Registers of the ATmega328P by address. */
enum { PORTB_AT = 0x25, TCCR1A_AT = 0x80, TCCR1B_AT = 0x81, OCR1A_AT = 0x88, OCR1B_AT = 0x8A };
enum { X_REVERSE = 0, Y_REVERSE = 3, DRIVERS_ON = 4 };

typedef struct {
    char a, b;               /* pins of port D */
    long count, goal;
    uint64_t every;          /* cycles between two edges */
} encoder_t;

static avr_t *avr;
static uint64_t base, last_seen;
static int restarts = -1;    /* the first is the start */
static volatile int has_restarted;
static encoder_t encoders[2] = {{2, 3, 0, 0, 0}, {4, 5, 0, 0, 0}};
static int contact, emergency;
static uint64_t tick_period;
static void (*on_tick)(void);
static avr_io_t watcher;

static avr_irq_t *pin(char port, int number)
{
    return avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(port), number);
}

/* The level from outside is stronger than the pull-up that the firmware sets, which simavr has to be told. */
static void set(char port, int number, int level)
{
    static avr_ioport_external_t outside[2] = {{.name = 'C'}, {.name = 'D'}};
    avr_ioport_external_t *pins = &outside[port == 'D'];
    uint32_t bit = 1U << number;
    pins->mask |= bit;
    pins->value = level ? pins->value | bit : pins->value & ~bit;
    avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(port), pins);
    avr_raise_irq(pin(port, number), (uint32_t)level);
}

/* Gray code: A leads B on the way up. */
static void show(const encoder_t *encoder)
{
    long phase = encoder->count & 3;
    set('D', encoder->a, phase == 1 || phase == 2);
    set('D', encoder->b, phase == 2 || phase == 3);
}

static avr_cycle_count_t on_edge(avr_t *chip, avr_cycle_count_t when, void *param)
{
    encoder_t *encoder = param;
    (void)chip;
    if (encoder->count == encoder->goal)
        return 0;
    encoder->count += encoder->goal > encoder->count ? 1 : -1;
    show(encoder);
    return encoder->count == encoder->goal ? 0 : when + encoder->every;
}

static avr_cycle_count_t on_time(avr_t *chip, avr_cycle_count_t when, void *param)
{
    (void)chip, (void)param;
    for (int i = 0; i < 2; i++)
        show(&encoders[i]);
    on_tick();
    return when + tick_period;
}

static avr_cycle_count_t on_byte(avr_t *chip, avr_cycle_count_t when, void *param)
{
    uint8_t byte;
    (void)chip, (void)param;
    if (line_take(&byte))
        avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), byte);
    return when + BYTE_CYCLES;
}

static void on_sent(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    line_put((uint8_t)value);
}

static void on_conversion(avr_irq_t *irq, uint32_t value, void *param);
static int force_mv;

static void on_conversion(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value, (void)param;
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0), (uint32_t)force_mv);
}

static void on_reset(avr_io_t *io)
{
    (void)io;
    has_restarted = 1;
}

/* A pin's interrupt tells listeners of changes only, and a restart has forgotten the level: change it twice. */
static void set_anew(char port, int number, int level)
{
    set(port, number, !level);
    set(port, number, level);
}

/* A restart clears all timers, ours too, and the count of cycles. Pins that a low level may interrupt, as these may after a restart,
 * interrupt simavr for ever while they are low, whether anybody asked for it or not: not here. */
static void begin_anew(void)
{
    has_restarted = 0;
    restarts++;
    for (uint8_t i = 0; i < 2; i++)
        avr_extint_set_strict_lvl_trig(avr, i, 0);
    for (int i = 0; i < 2; i++) {
        encoder_t *encoder = &encoders[i];
        encoder->goal = encoder->count;
        set_anew('D', encoder->a, 1);
        set_anew('D', encoder->b, 1);
    }
    set_anew('C', 1, !contact);
    set_anew('C', 2, emergency);
    avr_cycle_timer_register(avr, tick_period, on_time, NULL);
    avr_cycle_timer_register(avr, BYTE_CYCLES, on_byte, NULL);
}

static void no_log(avr_t *chip, const int level, const char *format, va_list arguments)
{
    (void)chip, (void)level, (void)format, (void)arguments;
}

/* Time is kept by whoever runs us. */
static void no_sleep(avr_t *chip, avr_cycle_count_t how_long)
{
    (void)chip, (void)how_long;
}

void chip_begin(const char *firmware)
{
    elf_firmware_t program = {0};
    avr_global_logger_set(no_log);
    if (elf_read_firmware(firmware, &program)) {
        fprintf(stderr, "%s: no firmware\n", firmware);
        exit(1);
    }
    avr = avr_make_mcu_by_name("atmega328p");
    avr_init(avr);
    avr->frequency = CLOCK_HZ;
    avr_load_firmware(avr, &program);
    avr->frequency = CLOCK_HZ;
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr->sleep = no_sleep;
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_sent, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER), on_conversion, NULL);
    watcher.kind = "bench";
    watcher.reset = on_reset;
    avr_register_io(avr, &watcher);
    has_restarted = 1;
}

uint64_t chip_cycles(void)
{
    return base + avr->cycle;
}

void chip_run(uint64_t until)
{
    while (chip_cycles() < until) {
        if (has_restarted) {
            if (avr->cycle < last_seen)
                base += last_seen;
            begin_anew();
        }
        last_seen = avr->cycle;
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            fprintf(stderr, "the firmware has crashed\n");
            exit(1);
        }
    }
}

void chip_every(uint64_t period, void (*tick)(void))
{
    tick_period = period;
    on_tick = tick;
}

void chip_turn(int axis, long count, uint64_t cycles)
{
    encoder_t *encoder = &encoders[axis];
    long steps = labs(count - encoder->count);
    encoder->goal = count;
    if (!steps)
        return;
    encoder->every = cycles / (uint64_t)steps;
    avr_cycle_timer_cancel(avr, on_edge, encoder);
    avr_cycle_timer_register(avr, encoder->every / 2, on_edge, encoder);
}

void chip_contact(int closed)
{
    contact = closed;
    set('C', 1, !closed);
}

void chip_force(int millivolts)
{
    force_mv = millivolts;
}

void chip_emergency(int pressed)
{
    emergency = pressed;
    set('C', 2, pressed);
}

static double one_duty(int low, int connected, int reverse)
{
    if (!(avr->data[PORTB_AT] & 1 << DRIVERS_ON) || !(avr->data[TCCR1A_AT] & connected) || !(avr->data[TCCR1B_AT] & 7))
        return 0;
    double duty = (avr->data[low] | avr->data[low + 1] << 8) / FULL_DUTY;
    return avr->data[PORTB_AT] & 1 << reverse ? -duty : duty;
}

void chip_duty(double duty[2])
{
    duty[0] = one_duty(OCR1A_AT, 0x80, X_REVERSE);
    duty[1] = one_duty(OCR1B_AT, 0x20, Y_REVERSE);
}

/* avr-libc ends each program with 'cli' and a jump to itself. */
void chip_hang(void)
{
    for (uint32_t at = 0; at + 3 < avr->flashend; at += 2) {
        if (!memcmp(avr->flash + at, "\xf8\x94\xff\xcf", 4)) {
            avr->pc = at;
            avr->state = cpu_Running;
            return;
        }
    }
}

int chip_restarts(void)
{
    return restarts;
}
