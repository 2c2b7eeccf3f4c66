/*
 * capture/prefilter - what the kernel need not show us, in the words of pcap-filter(7).
 *
 * Passes what decode/ may find mail or a name lookup in: TCP, UDP of name servers,
 * every tunnel and tag it walks, fragments, IPv6 extension headers. It only leaves out
 * what certainly is none of these; tags and tunnels pass whole.
 */
#pragma once

#include <stdbool.h>

/* With EtherTypes where the link layer has them, without for bare IP. */
const char *prefilter_expression(bool has_ethertypes);
