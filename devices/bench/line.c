#define _GNU_SOURCE
#include "line.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define OUT 65536  /* what a serial port's driver keeps for a busy host: 2.3 s of samples; a pseudo-terminal of Linux 6.18 has 16 kB */
#define IN 1024

static const char *link_name;
static int master = -1;
static uint8_t out[OUT], in[IN];
static int out_size, in_size, in_taken;
static int dropping, flipping, deafened;

void line_begin(const char *name)
{
    link_name = name;
    line_plug();
}

void line_plug(void)
{
    struct termios raw;
    if (master >= 0)
        return;
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0 || grantpt(master) || unlockpt(master)) {
        perror("pseudo-terminal");
        exit(1);
    }
    tcgetattr(master, &raw);
    cfmakeraw(&raw);
    tcsetattr(master, TCSANOW, &raw);
    unlink(link_name);
    if (symlink(ptsname(master), link_name)) {
        perror(link_name);
        exit(1);
    }
}

void line_unplug(void)
{
    line_end();
    out_size = in_size = in_taken = 0;
}

void line_end(void)
{
    if (master < 0)
        return;
    unlink(link_name);
    close(master);
    master = -1;
}

static void put(uint8_t byte)
{
    if (out_size < OUT)
        out[out_size++] = byte;
}

void line_put(uint8_t byte)
{
    if (dropping > 0) {
        dropping--;
        return;
    }
    if (flipping > 0) {
        flipping--;
        byte ^= (uint8_t)(1 << rand() % 8);
    }
    put(byte);
}

/* What a host takes too late is kept; one that doesn't read at all loses bytes, as it does on a wire. */
void line_flush(void)
{
    int done = master < 0 ? out_size : 0;
    while (done < out_size) {
        ssize_t written = write(master, out + done, (size_t)(out_size - done));
        if (written <= 0)
            break;
        done += (int)written;
    }
    out_size -= done;
    memmove(out, out + done, (size_t)out_size);
}

void line_poll(void)
{
    if (master < 0 || in_taken < in_size)
        return;
    ssize_t got = read(master, in, IN);
    in_taken = 0;
    in_size = got > 0 && !deafened ? (int)got : 0;
}

int line_take(uint8_t *byte)
{
    if (in_taken >= in_size)
        return 0;
    *byte = in[in_taken++];
    return 1;
}

void line_drop(int bytes)
{
    dropping = bytes;
}

void line_flip(int bytes)
{
    flipping = bytes;
}

void line_garbage(int bytes)
{
    while (bytes-- > 0)
        put((uint8_t)rand());
}

void line_deafen(int deaf)
{
    deafened = deaf;
}
