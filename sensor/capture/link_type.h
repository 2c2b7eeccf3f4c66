/*
 * capture/link_type - LINKTYPE_ of a capture file -> DLT_ of libpcap: the link layer.
 *
 * Files carry LINKTYPE_ values, frames DLT_ values; most are equal
 * (https://www.tcpdump.org/linktypes.html). Never refuses a value.
 */
#pragma once

#include <stdint.h>

uint16_t link_type_of_file(uint16_t linktype);
