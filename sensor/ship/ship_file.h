/*
 * ship/ship_file - records as lines of a file or of standard output.
 *
 * For readers of EVE files (Filebeat, Vector, Splunk) and pipes. A line is whole or is
 * cut off again. HUP opens the file anew, as after a rotation.
 */
#pragma once

#include "ship/shipper.h"

extern const struct shipper SHIPPER_FILE;
