#include "hand.h"

#include <stdlib.h>
#include <string.h>

#define WAITING 8

typedef struct {
    double *rows;
    int count, at;     /* the row that was passed last */
} motion_t;

static motion_t present, waiting[WAITING];
static int waiting_count;
static posture_t last;

static double *row(const motion_t *motion, int index)
{
    index = index < 0 ? 0 : index >= motion->count ? motion->count - 1 : index;
    return motion->rows + 4 * index;
}

static void drop_waiting_from(double time)
{
    while (waiting_count && waiting[waiting_count - 1].rows[0] >= time)
        free(waiting[--waiting_count].rows);
}

void hand_play(double *rows, int count)
{
    drop_waiting_from(rows[0]);
    if (waiting_count == WAITING) {
        free(rows);
        return;
    }
    waiting[waiting_count++] = (motion_t){rows, count, 0};
}

void hand_place(double x, double y)
{
    drop_waiting_from(-1);
    free(present.rows);
    present = (motion_t){0};
    last = (posture_t){x, y, 0};
}

static void begin_next(void)
{
    free(present.rows);
    present = waiting[0];
    memmove(waiting, waiting + 1, sizeof(motion_t) * (size_t)--waiting_count);
}

/* Catmull-Rom: through the samples, with continuous velocity. */
static double between(double before, double from, double to, double after, double share)
{
    double out = (to - before) / 2, in = (after - from) / 2, way = to - from;
    return from + share * (out + share * ((3 * way - 2 * out - in) + share * (out + in - 2 * way)));
}

posture_t hand_at(double time)
{
    while (waiting_count && waiting[0].rows[0] <= time)
        begin_next();
    if (!present.count)
        return last;
    while (present.at < present.count - 1 && row(&present, present.at + 1)[0] <= time)
        present.at++;
    double *r[4];
    for (int i = 0; i < 4; i++)
        r[i] = row(&present, present.at - 1 + i);
    double span = r[2][0] - r[1][0];
    double share = span > 0 ? (time - r[1][0]) / span : 0;
    last.x = between(r[0][1], r[1][1], r[2][1], r[3][1], share);
    last.y = between(r[0][2], r[1][2], r[2][2], r[3][2], share);
    last.grip = (int)r[share < 0.5 ? 1 : 2][3] & 1;
    return last;
}
