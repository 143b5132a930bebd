"""What happens: session, trial, window, streams, journal, recorder, twin, command line."""

import protocols as protocols
