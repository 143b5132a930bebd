/* The mechanics: a lever that turns about a pivot, or a handle on two axes. Mass, friction, motor and hand.
 *
 * Coordinates q are rad for a lever (one axis: clockwise from the left, as the task has it) and m for a handle. */
#ifndef PLANT_H
#define PLANT_H

#include "hand.h"

typedef struct {
    int lever;              /* else a handle */
    double length;          /* m, of the lever */
    double home[2];         /* q at which the encoders stand at zero */
    double counts_per_unit; /* encoder counts a rad, or a m */
    double motor;           /* N (at the lever's tip too) at full duty */
} rig_t;

typedef struct {
    double q[2], v[2];      /* position and velocity */
    double force[2];        /* N, of the motors, at the handle or the lever's tip */
} state_t;

void plant_begin(const rig_t *rig, state_t *state);

/* Go on by `step` seconds with the hand wanting `goal`, its velocity and acceleration known from the goals before. */
void plant_step(const rig_t *rig, state_t *state, posture_t goal, const double duty[2], double step);

/* Where the goal is in the plant's coordinates, near `q`. */
void plant_goal(const rig_t *rig, posture_t goal, const double q[2], double out[2]);

/* The place of the handle or the lever's tip, m in the device's plane. */
void plant_place(const rig_t *rig, const double q[2], double *x, double *y);

#endif
