#include "plant.h"

#include <math.h>

#define MASS 1.2             /* kg at the handle, the arm's share included */
#define VISCOUS 0.5          /* N s/m, of the bearings */
#define COULOMB 0.05         /* N, of the bearings */
#define STIFFNESS 500.0      /* N/m, of the arm about where it wants to be */
#define DAMPING 45.0         /* N s/m, of the arm: nearly critical */
#define STRENGTH 60.0        /* N, the most that the arm gives */
#define SMOOTH 0.002         /* s, over which the arm's plan is differentiated */

static double wanted[2], wanted_v[2], wanted_a[2];

static double within(double value, double bound)
{
    return fmax(-bound, fmin(bound, value));
}

static int axes(const rig_t *rig)
{
    return rig->lever ? 1 : 2;
}

static double arm_length(const rig_t *rig)
{
    return rig->lever ? rig->length : 1;
}

void plant_begin(const rig_t *rig, state_t *state)
{
    *state = (state_t){{rig->home[0], rig->home[1]}, {0, 0}, {0, 0}};
    double x, y;
    plant_place(rig, state->q, &x, &y);
    hand_place(x, y);
    for (int i = 0; i < 2; i++) {
        wanted[i] = state->q[i];
        wanted_v[i] = wanted_a[i] = 0;
    }
}

void plant_place(const rig_t *rig, const double q[2], double *x, double *y)
{
    *x = rig->lever ? -rig->length * cos(q[0]) : q[0];
    *y = rig->lever ? rig->length * sin(q[0]) : q[1];
}

void plant_goal(const rig_t *rig, posture_t goal, const double q[2], double out[2])
{
    out[0] = goal.x;
    out[1] = goal.y;
    if (rig->lever) {
        out[0] = q[0] + remainder(atan2(goal.y, -goal.x) - q[0], 2 * M_PI);
        out[1] = 0;
    }
}

/* The plan's velocity and acceleration, by differences that are smoothed a little. */
static void follow(const double goal[2], double step)
{
    for (int i = 0; i < 2; i++) {
        double velocity = wanted_v[i] + ((goal[i] - wanted[i]) / step - wanted_v[i]) * step / SMOOTH;
        wanted_a[i] += ((velocity - wanted_v[i]) / step - wanted_a[i]) * step / SMOOTH;
        wanted_v[i] = velocity;
        wanted[i] = goal[i];
    }
}

/* The arm drives the mass along its plan, and pulls it back to where it should be. All in m along the way. */
static double arm(const rig_t *rig, const state_t *state, int i)
{
    double r = arm_length(rig);
    double plan = MASS * wanted_a[i] + VISCOUS * wanted_v[i];
    return within(r * (plan + STIFFNESS * (wanted[i] - state->q[i]) + DAMPING * (wanted_v[i] - state->v[i])), STRENGTH);
}

/* What Coulomb friction leaves of a velocity after a step: it stops, but doesn't turn round. */
static double rub(double velocity, double step)
{
    double loss = COULOMB / MASS * step;
    return fabs(velocity) <= loss ? 0 : velocity - copysign(loss, velocity);
}

void plant_step(const rig_t *rig, state_t *state, posture_t goal, const double duty[2], double step)
{
    double aim[2], r = arm_length(rig);
    plant_goal(rig, goal, wanted, aim);
    follow(aim, step);
    for (int i = 0; i < axes(rig); i++) {
        state->force[i] = duty[i] * rig->motor;
        double force = arm(rig, state, i) + state->force[i] - VISCOUS * r * state->v[i];
        state->v[i] = rub(r * state->v[i] + force / MASS * step, step) / r;
        state->q[i] += state->v[i] * step;
    }
}
