/* What goes over the wire, on the board and on the host alike: COBS frames that end with a zero byte, each with a CRC-16.
 *
 * All numbers are little-endian. The Python side is devices/manipulandum_codec.py; tests hold the two against each other. */
#ifndef CODEC_H
#define CODEC_H

#include <stdint.h>

#define PAYLOAD_MAX 32
#define ENCODED_MAX (PAYLOAD_MAX + 3)   /* CRC and COBS overhead, without the zero at the end */
#define FRAME_MAX (ENCODED_MAX + 2)     /* with a zero at both ends */

#define SAMPLE_SIZE 24
#define ANSWER_SIZE 10
#define FIELD_SIZE 24

/* Sample status. */
#define GRIP 0x0001           /* the contact is closed */
#define EDGE 0x0002           /* stands for two samples: see sample_t */
#define ENABLED 0x0004        /* the motors are on */
#define CLAMPED 0x0008        /* more torque was asked for than is allowed */
#define SILENT_HOST 0x0010    /* latched: no heartbeat for too long while the motors were on */
#define STOP_PRESSED 0x0020   /* the emergency stop is pressed now, or its wire is broken */
#define STOPPED 0x0040        /* latched: emergency stop, by button or command */
#define RESTARTED 0x0080      /* latched: the firmware has begun anew; its counts and times too */
#define BY_WATCHDOG 0x0100    /* the last restart was the watchdog's */
#define OVERRUN 0x0200        /* latched: the firmware came too late for a sample */
#define RUNNING 0x0400        /* samples are being sent */

/* Commands: the first byte of a payload; the second is a token, which the answer repeats. */
enum { PING = 1, START, STOP, ZERO, ENABLE, TORQUE, FIELD, EMERGENCY, CLEAR };

/* Results in an answer. */
enum { DONE = 0, UNKNOWN, WRONG_SIZE, REFUSED };

/* One sample. With EDGE it is the moment at which the contact opened or closed, and stands for two samples, of numbers
 * `sequence` and `sequence + 1`: the last with the contact as it was, TIME_STEP earlier, and the first as it is now. */
typedef struct {
    uint16_t status;
    uint16_t sequence;      /* one more for each sample that was made, also for one that found no room in the wire's buffer */
    uint32_t time;          /* us since the firmware began, modulo 2^32 */
    int32_t x, y;           /* counts */
    int16_t torque_x, torque_y;  /* as given to the motors, -TORQUE_FULL..TORQUE_FULL */
    uint16_t force;         /* 0..1023 */
    uint8_t encoder_errors; /* both axes, modulo 256 */
    uint8_t receive_errors; /* frames that were refused, modulo 256 */
} sample_t;

#define TIME_STEP 4         /* us, the resolution of the board's clock */
#define TORQUE_FULL 511

typedef struct {
    uint8_t command, token, result, version;
    uint16_t status;
    uint32_t time;
} answer_t;

/* A force field about a centre: torque = -(stiffness * (x - centre)) / 2^8 - (damping * velocity) / 2^16, with counts for x
 * and 1/256 counts per ms for the velocity. Matrices are row by row: a spring channel has stiffness along one direction, a
 * curl field an antisymmetric damping. */
typedef struct {
    int16_t stiffness[4], damping[4];
    int32_t centre[2];
} field_t;

uint16_t crc16(const uint8_t *data, uint8_t size);

/* COBS of payload and CRC, with a zero before and after; returns the frame's size. `size` is at most PAYLOAD_MAX. */
uint8_t frame_write(const uint8_t *payload, uint8_t size, uint8_t *frame);

/* What has come of the present frame. Start from all zeros. */
typedef struct {
    uint8_t data[ENCODED_MAX];
    uint8_t size;
    uint8_t too_long;
} receiver_t;

/* Takes one byte. Returns the size of the payload, now in `receiver->data`, where the byte ends a good frame; 0 where nothing is
 * complete; -1 where it ends a broken one. */
int8_t frame_receive(receiver_t *receiver, uint8_t byte);

void sample_pack(const sample_t *sample, uint8_t *payload);
void answer_pack(const answer_t *answer, uint8_t *payload);
void field_unpack(const uint8_t *arguments, field_t *field);
int16_t int16_unpack(const uint8_t *bytes);

#endif
