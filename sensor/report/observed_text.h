/*
 * report/observed_text - the observed matrix for a person at a terminal, or as JSON lines.
 *
 * By server, port, protocol, TLS state and client, the whole told last.
 */
#pragma once

#include "observed/observed.h"

#include <stdio.h>

/* False: no memory to sort it. */
bool observed_print(FILE *out, const struct observed *observed);

/* One object per line and entry; a last one with the totals. */
bool observed_json(FILE *out, const struct observed *observed);
