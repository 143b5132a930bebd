/* The serial line: a pseudo-terminal with a name that stays, and what can go wrong on it. */
#ifndef LINE_H
#define LINE_H

#include <stdint.h>

void line_begin(const char *name);   /* the symbolic link by which the port is found */
void line_plug(void);
void line_unplug(void);
void line_end(void);

void line_put(uint8_t byte);         /* from the board; goes out with the next flush */
void line_flush(void);
int line_take(uint8_t *byte);        /* for the board; 0 where nothing has come */
void line_poll(void);                /* read what the host has written */

/* Faults of what the board sends: so many bytes lost; one bit flipped in each of so many; so many random bytes put in. */
void line_drop(int bytes);
void line_flip(int bytes);
void line_garbage(int bytes);
void line_deafen(int deaf);          /* what the host writes is lost */

#endif
