// SPDX-License-Identifier: GPL-2.0
/* What elements of a live set look like. */
#include "set_shape.h"

const u8 fwt_set_type_words[2][__FWT_SET_TYPE_MAX] = {
	{
#define WORDS(id, name, words, words6) [FWT_SET_TYPE_##id] = words,
		FWT_SET_TYPES(WORDS)
#undef WORDS
	}, {
#define WORDS6(id, name, words, words6) [FWT_SET_TYPE_##id] = words6,
		FWT_SET_TYPES(WORDS6)
#undef WORDS6
	},
};

/* @n types become dimensions; false where one is none, or they are too long. */
static bool parts(u32 types, u32 n, u32 most, bool value, u8 dim[2][FWT_TEST_FIELDS],
		  u8 words[2], bool *split)
{
	u32 i, six;

	for (i = 0; i < n; i++) {
		u32 type = types >> (4 * i) & 15;

		if (!type || type >= __FWT_SET_TYPE_MAX ||
		    (type == FWT_SET_TYPE_TREE && (!value || n > 1)))
			return false;
		*split |= type == FWT_SET_TYPE_ADDR;
		for (six = 0; six < 2; six++) {
			dim[six][i] = fwt_set_type_words[six][type];
			words[six] += dim[six][i];
		}
	}
	if (n < 8 && types >> (4 * n))
		return false;
	return words[0] <= most && words[1] <= most;
}

bool fwt_set_shape(const u32 *param, struct fwt_set_shape *s)
{
	u32 n = param[FWT_SETP_SHAPE] & 0xff, n_value = param[FWT_SETP_SHAPE] >> 8;

	memset(s, 0, sizeof(*s));
	if (!n || n > FWT_TEST_FIELDS || n_value > FWT_TEST_FIELDS)
		return false;
	s->n = n;
	s->n_value = n_value;
	return parts(param[FWT_SETP_TYPES], n, FWT_KEY_WORDS, false, s->dim, s->words,
		     &s->split) &&
	       parts(param[FWT_SETP_VALUE_TYPES], n_value, FWT_SET_VALUE_WORDS, true,
		     s->value_dim, s->value_words, &s->split);
}
