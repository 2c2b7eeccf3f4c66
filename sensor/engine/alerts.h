/*
 * engine/alerts - findings of a judged flow -> alerts, repeats folded. Private to engine/.
 *
 * In: a record whose judgement has findings. Out: engine_outputs.alert, at once or as an
 * update in time. What has one cause is one alert (judge/cause). Of what is claimed inside
 * a tunnel that nobody declared the outer ends are told, and nobody inside.
 */
#pragma once

#include "engine/private.h"

/* Its repeats: who owns it, and what an update shows of the newest flow. */
struct fold *alerts_fold_new(
	const struct engine_settings *settings, struct reason *why);

/* Give out these findings of record->judgement, FINDING_BIT of each; none: nothing. */
void alerts_give(struct engine *engine, const struct record *record, uint64_t findings);

/* Another engine had this finding: repeats are counted here too, and told by one. */
void alerts_hear(struct engine *engine, const struct fold_lesson *lesson);

/* Updates whose time has come; a few at a time. */
void alerts_look(struct engine *engine);

/* All updates: nothing more will come, or the matrix goes away. */
void alerts_drain(struct engine *engine);
