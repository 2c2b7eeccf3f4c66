/*
 * judge/acceptance - which findings of a judged flow the matrix accepts, and by whom.
 *
 * In: the case and what was found. Out: in the judgement, the accepted ones of its
 * findings: by the row that allows the flow but for them, or by the group of the host
 * that they are told of. The findings stay: whoever alerts leaves these out. Takes nothing
 * from verdict or action. Pure. Private to judge/.
 */
#pragma once

#include "judge/findings.h"

void acceptance_judge(const struct judge_case *judged, struct judgement *judgement);
