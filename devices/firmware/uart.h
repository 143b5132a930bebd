/* The serial line, by interrupts and two buffers. Nothing waits for it. */
#ifndef UART_H
#define UART_H

#include <stdint.h>

void uart_begin(void);
uint8_t uart_send(const uint8_t *data, uint8_t size);  /* all or nothing: 0 where there is no room */
uint8_t uart_waiting(void);
uint8_t uart_take(uint8_t *byte);                      /* 0 where nothing has come */

#endif
