/*
 * capture/link_type - what a file calls its link layer -> what libpcap calls it.
 *
 * Files carry LINKTYPE_ values, frames DLT_ values; most are equal
 * (https://www.tcpdump.org/linktypes.html). Never refuses a value.
 */
#pragma once

#include <stdint.h>

uint16_t link_type_of_file(uint16_t linktype);
