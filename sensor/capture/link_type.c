#include "capture/link_type.h"

#include <stddef.h>

uint16_t link_type_of_file(uint16_t linktype)
{
	/* The DLT_ values of Linux where they differ from LINKTYPE_. */
	static const uint16_t pairs[][2] = {
		{100, 11}, /* ATM_RFC1483 */
		{101, 12}, /* RAW */
		{102, 15}, /* SLIP_BSDOS */
		{103, 16}, /* PPP_BSDOS */
		{106, 19}, /* ATM_CLIP */
		{14, 12},  /* RAW as OpenBSD writes it */
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] == linktype) {
			return pairs[i][1];
		}
	}
	return linktype;
}
