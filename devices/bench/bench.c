/* The bench: the firmware on a simulated chip, bolted to a simulated lever or handle, in real time.
 *
 * bench FIRMWARE LINK TRUTH key=value ...   Orders come by standard input, a line each (see obey); when it ends, so does the
 * bench. It says "ready TIME" (s, CLOCK_MONOTONIC, at which the chip was switched on) once the port is there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "chip.h"
#include "hand.h"
#include "line.h"
#include "plant.h"

#define SLICE 0.00025        /* s of real time between two runs of the chip */
#define STEP_CYCLES 800      /* 50 us, of the mechanics */
#define TRUTH_STEPS 20       /* 1 ms */
#define GRIP_MV 1500         /* of the force sensor while the hand holds on */
#define STANDING_BY 0.5      /* s after a restart for which the handle is held at its mark */

static rig_t rig = {1, 0.4, {0, 0}, 10000 / (2 * M_PI), 15};
static state_t state;
static double began;         /* host time at cycle 0 */
static double rate = CLOCK_HZ;  /* cycles a second of the host: a crystal is never quite right */
static FILE *truth;
static int grip;
static double held_until;

static double host_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double chip_time(void)
{
    return began + (double)chip_cycles() / rate;
}

/* A row of the truth: time, q, v, motor force, contact, and whether it stands for a change of the contact. */
static void write_truth(double time, int edge)
{
    double row[9] = {time, state.q[0], state.q[1], state.v[0], state.v[1], state.force[0], state.force[1], grip, edge};
    fwrite(row, sizeof(double), 9, truth);
}

static void turn_encoders(void)
{
    for (int i = 0; i < 2; i++)
        chip_turn(i, (long)floor((state.q[i] - rig.home[i]) * rig.counts_per_unit), STEP_CYCLES);
}

static void on_step(void)
{
    static int steps, restarts;
    double duty[2], time = chip_time();
    if (chip_restarts() != restarts) {  /* whoever stands by puts the handle back at its mark */
        restarts = chip_restarts();
        held_until = restarts ? time + STANDING_BY : 0;
        double x, y;
        plant_place(&rig, rig.home, &x, &y);
        hand_place(x, y);
    }
    posture_t goal = hand_at(time);
    if (goal.grip != grip) {
        grip = goal.grip;
        chip_contact(grip);
        chip_force(grip ? GRIP_MV : 0);
        write_truth(time, 1);
    }
    chip_duty(duty);
    plant_step(&rig, &state, goal, duty, STEP_CYCLES / rate);
    turn_encoders();
    if (++steps % TRUTH_STEPS == 0)
        write_truth(time + STEP_CYCLES / rate, 0);
}

static void read_fully(char *into, size_t size)
{
    while (size) {
        ssize_t got = read(STDIN_FILENO, into, size);
        if (got == 0)
            exit(0);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            exit(1);
        if (got > 0) {
            into += got;
            size -= (size_t)got;
        } else {
            usleep(50);
        }
    }
}

static void play(int count)
{
    double *rows = malloc(sizeof(double) * 4 * (size_t)count);
    read_fully((char *)rows, sizeof(double) * 4 * (size_t)count);
    if (chip_time() < held_until)
        free(rows);
    else
        hand_play(rows, count);
}

static void obey(const char *order)
{
    int number = 0;
    char word[16] = "";
    sscanf(order, "%15s %d", word, &number);
    if (!strcmp(word, "play") && number > 0) play(number);
    else if (!strcmp(word, "unplug")) line_unplug();
    else if (!strcmp(word, "plug")) line_plug();
    else if (!strcmp(word, "drop")) line_drop(number);
    else if (!strcmp(word, "flip")) line_flip(number);
    else if (!strcmp(word, "garbage")) line_garbage(number);
    else if (!strcmp(word, "deafen")) line_deafen(number);
    else if (!strcmp(word, "emergency")) chip_emergency(number);
    else if (!strcmp(word, "hang")) chip_hang();
    else if (!strcmp(word, "seed")) srand((unsigned)number);
    else if (!strcmp(word, "flush")) { fflush(truth); printf("flushed %.9f\n", chip_time()); fflush(stdout); }
    else { fprintf(stderr, "bench: unknown order: %s\n", order); exit(2); }
}

/* Whole lines; what follows a "play" is read where the line is obeyed, so nothing beyond a line's end may be taken. */
static void listen(void)
{
    static char line[64];
    static size_t size;
    char byte;
    ssize_t got;
    while ((got = read(STDIN_FILENO, &byte, 1)) == 1) {
        if (byte != '\n') {
            if (size < sizeof line - 1)
                line[size++] = byte;
            continue;
        }
        line[size] = 0;
        size = 0;
        obey(line);
    }
    if (got == 0)
        exit(0);
}

static void set(const char *setting)
{
    const char *value = strchr(setting, '=');
    double number = value ? atof(value + 1) : 0;
    if (!strncmp(setting, "lever=", 6)) rig.lever = (int)number;
    else if (!strncmp(setting, "length=", 7)) rig.length = number;
    else if (!strncmp(setting, "home_x=", 7)) rig.home[0] = number;
    else if (!strncmp(setting, "home_y=", 7)) rig.home[1] = number;
    else if (!strncmp(setting, "counts_per_unit=", 16)) rig.counts_per_unit = number;
    else if (!strncmp(setting, "motor=", 6)) rig.motor = number;
    else if (!strncmp(setting, "drift_ppm=", 10)) rate = CLOCK_HZ * (1 + 1e-6 * number);
    else { fprintf(stderr, "bench: unknown setting: %s\n", setting); exit(2); }
}

static void wait_until(double time)
{
    struct timespec deadline = {(time_t)floor(time), (long)((time - floor(time)) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR)
        ;
}

static void begin(char **words)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);  /* ns: wake up when asked to, not up to 50 us later */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);  /* Ctrl+C is for the session */
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    truth = fopen(words[3], "wb");
    if (!truth) {
        perror(words[3]);
        exit(1);
    }
    chip_every(STEP_CYCLES, on_step);
    chip_begin(words[1]);
    plant_begin(&rig, &state);
    line_begin(words[2]);
    atexit(line_end);
    began = host_time();
    printf("ready %.9f\n", began);
    fflush(stdout);
}

int main(int count, char **words)
{
    if (count < 4) {
        fprintf(stderr, "usage: bench FIRMWARE LINK TRUTH [key=value ...]\n");
        return 2;
    }
    for (int i = 4; i < count; i++)
        set(words[i]);
    begin(words);
    for (uint64_t slice = 1;; slice++) {
        wait_until(began + (double)slice * SLICE);
        listen();
        line_poll();
        chip_run((uint64_t)((double)slice * SLICE * rate));
        line_flush();
    }
}
