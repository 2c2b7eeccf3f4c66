/*
 * commands/report_packets - the number of an example's first packet in its capture, as
 * programs that show captures count: from 1.
 *
 * In: a finished report of captures. Out: the number in each example. Each capture is read
 * once more; a packet is the one that was meant where its time is that of the flow's start
 * and its ends are those of the example, of a tunnel around it perhaps. Where that is not
 * so, as behind a proxy, and of what can be read only once, there is no number.
 */
#pragma once

#include "dossier/dossier.h"

/* False: no memory, or a capture cannot be read again, and *why. */
bool report_packets_find(struct dossier *dossier, struct reason *why);
