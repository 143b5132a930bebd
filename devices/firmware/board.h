/* An Arduino Uno (ATmega328P, 16 MHz): which pin is what, and the limits that hold whatever the host asks for. */
#ifndef BOARD_H
#define BOARD_H

#include <avr/io.h>

#define FIRMWARE_VERSION 2
#define BAUD 500000UL         /* exact at 16 MHz, as is 1000000 */

#define X_A PD2               /* D2, INT0 */
#define X_B PD3               /* D3, INT1 */
#define Y_A PD4               /* D4, PCINT20 */
#define Y_B PD5               /* D5, PCINT21 */

#define CONTACT PC1           /* A1, to ground while the lever's tip is touched */
#define EMERGENCY_LOOP PC2    /* A2, to ground through a normally closed button: a broken wire stops too */
#define FORCE_CHANNEL 0       /* A0, 0 to 5 V */

#define X_REVERSE PB0         /* D8, direction of motor x */
#define X_PWM PB1             /* D9, OC1A */
#define Y_PWM PB2             /* D10, OC1B */
#define Y_REVERSE PB3         /* D11 */
#define DRIVERS_ON PB4        /* D12, enables both motor drivers; low through a resistor while the board starts */

#define TORQUE_LIMIT 400      /* of TORQUE_FULL (511): no command goes beyond */
#define HEARTBEAT_MS 200      /* without a frame from the host for so long, the motors go off */
#define RAMP_MS 256           /* a field grows to its strength in this time; motors.c divides by it with a shift of 8 */
#define TORQUE_STEP 2         /* a commanded torque changes by no more in a ms */
#define BOUNCE_MS 10          /* after an edge the contact isn't looked at for so long */

#endif
