/*
 * judge/recommendation - which of a finding's recommendations one flow touches.
 *
 * The catalogue lists all that a finding may touch. A role mismatch is R36's only where
 * it is the gateway's: its servers taking or sending what they are not for.
 */
#pragma once

#include "judge/judge.h"

#define RECOMMENDATIONS_MAX 4

/* In the catalogue's order, NULL behind the last; the texts are the catalogue's. */
void recommendations_of(const struct judgement *judgement, enum protocol protocol,
	enum finding finding, const char *list[RECOMMENDATIONS_MAX]);
