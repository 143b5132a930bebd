#include "codec.h"

/* What four bits at the top of a CRC become, once they are shifted out. */
static const uint16_t REMAINDER[16] = {
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7, 0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
};

/* CRC-16/CCITT, polynomial 0x1021 from 0xFFFF, half a byte at a time; of "123456789" it is 0x29B1. */
uint16_t crc16(const uint8_t *data, uint8_t size)
{
    uint16_t crc = 0xFFFF;
    while (size--) {
        uint8_t byte = *data++;
        crc = (uint16_t)(crc << 4) ^ REMAINDER[(uint8_t)(crc >> 12) ^ (byte >> 4)];
        crc = (uint16_t)(crc << 4) ^ REMAINDER[(uint8_t)(crc >> 12) ^ (byte & 0x0F)];
    }
    return crc;
}

/* COBS of less than 254 bytes: each zero is replaced by the distance to the next. */
static uint8_t stuff(const uint8_t *data, uint8_t size, uint8_t *out)
{
    uint8_t *code = out, *next = out + 1;
    for (uint8_t i = 0; i < size; i++) {
        if (data[i]) {
            *next++ = data[i];
        } else {
            *code = (uint8_t)(next - code);
            code = next++;
        }
    }
    *code = (uint8_t)(next - code);
    return (uint8_t)(next - out);
}

/* In place; returns the size, or 0 where it isn't COBS. */
static uint8_t unstuff(uint8_t *data, uint8_t size)
{
    uint8_t in = 0, out = 0;
    while (in < size) {
        uint8_t code = data[in++];
        if (code - 1 > size - in)
            return 0;
        for (uint8_t i = 1; i < code; i++)
            data[out++] = data[in++];
        if (in < size)
            data[out++] = 0;
    }
    return out;
}

uint8_t frame_write(const uint8_t *payload, uint8_t size, uint8_t *frame)
{
    uint8_t checked[PAYLOAD_MAX + 2];
    uint16_t crc = crc16(payload, size);
    for (uint8_t i = 0; i < size; i++)
        checked[i] = payload[i];
    checked[size] = (uint8_t)(crc >> 8);
    checked[size + 1] = (uint8_t)crc;
    frame[0] = 0;
    uint8_t length = stuff(checked, size + 2, frame + 1);
    frame[length + 1] = 0;
    return length + 2;
}

int8_t frame_receive(receiver_t *receiver, uint8_t byte)
{
    if (byte) {
        if (receiver->size < ENCODED_MAX)
            receiver->data[receiver->size++] = byte;
        else
            receiver->too_long = 1;
        return 0;
    }
    uint8_t size = receiver->size, too_long = receiver->too_long;
    receiver->size = receiver->too_long = 0;
    if (!size)
        return 0;
    size = too_long ? 0 : unstuff(receiver->data, size);
    if (size < 3)
        return -1;
    uint16_t crc = (uint16_t)(receiver->data[size - 2] << 8) | receiver->data[size - 1];
    return crc == crc16(receiver->data, size - 2) ? (int8_t)(size - 2) : -1;
}

static uint8_t *put16(uint8_t *out, uint16_t value)
{
    *out++ = (uint8_t)value;
    *out++ = (uint8_t)(value >> 8);
    return out;
}

static uint8_t *put32(uint8_t *out, uint32_t value)
{
    return put16(put16(out, (uint16_t)value), (uint16_t)(value >> 16));
}

static int32_t int32_unpack(const uint8_t *bytes)
{
    return (int32_t)(((uint32_t)(uint16_t)int16_unpack(bytes + 2) << 16) | (uint16_t)int16_unpack(bytes));
}

int16_t int16_unpack(const uint8_t *bytes)
{
    return (int16_t)((uint16_t)bytes[1] << 8 | bytes[0]);
}

void sample_pack(const sample_t *sample, uint8_t *out)
{
    out = put16(out, sample->status);
    out = put16(out, sample->sequence);
    out = put32(out, sample->time);
    out = put32(out, (uint32_t)sample->x);
    out = put32(out, (uint32_t)sample->y);
    out = put16(out, (uint16_t)sample->torque_x);
    out = put16(out, (uint16_t)sample->torque_y);
    out = put16(out, sample->force);
    *out++ = sample->encoder_errors;
    *out = sample->receive_errors;
}

void answer_pack(const answer_t *answer, uint8_t *out)
{
    *out++ = answer->command;
    *out++ = answer->token;
    *out++ = answer->result;
    *out++ = answer->version;
    out = put16(out, answer->status);
    put32(out, answer->time);
}

void field_unpack(const uint8_t *arguments, field_t *field)
{
    for (uint8_t i = 0; i < 4; i++) {
        field->stiffness[i] = int16_unpack(arguments + 2 * i);
        field->damping[i] = int16_unpack(arguments + 8 + 2 * i);
    }
    field->centre[0] = int32_unpack(arguments + 16);
    field->centre[1] = int32_unpack(arguments + 20);
}
