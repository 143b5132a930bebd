/* The participant's hand: motions to perform, each from a time on, in the device's plane. */
#ifndef HAND_H
#define HAND_H

typedef struct {
    double x, y;       /* m */
    int grip;
} posture_t;

/* Rows of time (s, host clock), x, y, buttons; the hand takes the memory. A motion that starts later waits its turn. */
void hand_play(double *rows, int count);

/* Drop all motions and go to a posture at once. */
void hand_place(double x, double y);

/* Where the hand wants to be at a time. Times must not go back. Between two samples it moves on a cubic; the grip changes
 * half-way between the samples that differ in it. */
posture_t hand_at(double time);

#endif
