#include "uart.h"

#include <avr/interrupt.h>

#include "board.h"

#define OUT 128  /* bytes, powers of 2 */
#define IN 64

static volatile uint8_t out[OUT], in[IN];
static volatile uint8_t out_put, out_taken, in_put, in_taken;

void uart_begin(void)
{
    UCSR0A = _BV(U2X0);
    UBRR0 = F_CPU / 8 / BAUD - 1;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

ISR(USART_RX_vect)
{
    uint8_t byte = UDR0;
    if ((uint8_t)(in_put - in_taken) < IN)  /* one that finds no room breaks its frame, which the CRC shows */
        in[in_put++ % IN] = byte;
}

ISR(USART_UDRE_vect)
{
    if (out_put == out_taken)
        UCSR0B &= ~_BV(UDRIE0);
    else
        UDR0 = out[out_taken++ % OUT];
}

uint8_t uart_send(const uint8_t *data, uint8_t size)
{
    if ((uint8_t)(OUT - (uint8_t)(out_put - out_taken)) < size)
        return 0;
    while (size--) {
        out[out_put % OUT] = *data++;
        out_put++;  /* only now: an interrupt in between would send what stood there before */
    }
    UCSR0B |= _BV(UDRIE0);
    return 1;
}

uint8_t uart_waiting(void)
{
    return in_put != in_taken;
}

uint8_t uart_take(uint8_t *byte)
{
    if (!uart_waiting())
        return 0;
    *byte = in[in_taken % IN];
    in_taken++;  /* only now: its place is free for the next */
    return 1;
}
