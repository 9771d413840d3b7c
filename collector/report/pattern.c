// SPDX-License-Identifier: Apache-2.0
#include "collector/report/pattern.h"

#include <errno.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/log.h"

#define MAX_STEPS 100000 /* of one match: a millisecond or so */
#define MAX_OVERRUNS 100 /* then it matches nothing more */
#define MAX_LENGTH 16384 /* of an expression */

struct pattern {
	const char *what; /* borrowed */
	pcre2_code *code; /* owned, as are the next two */
	pcre2_match_data *found;
	pcre2_match_context *limits;
	unsigned int overruns;
};

static int compile(struct pattern *p, const char *text)
{
	const uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
			       PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
	size_t len = strlen(text), at;
	int code;
	PCRE2_UCHAR8 words[128];

	if (len > MAX_LENGTH) {
		log_error("%s: an expression of %zu characters, at most %d", p->what, len,
			  MAX_LENGTH);
		return -EINVAL;
	}
	p->code = pcre2_compile((PCRE2_SPTR8)text, len, flags, &code, &at, NULL);
	if (p->code)
		return 0;
	pcre2_get_error_message(code, words, sizeof(words));
	log_error("%s: not a regular expression: %s at character %zu", p->what, (char *)words, at);
	return -EINVAL;
}

int pattern__new(const char *text, const char *what, struct pattern **ret_pattern)
{
	scope_free(pattern) struct pattern *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->what = what;
	err = compile(p, text);
	if (err)
		return err;
	p->found = pcre2_match_data_create(1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (!p->found || !p->limits)
		return -ENOMEM;
	pcre2_set_match_limit(p->limits, MAX_STEPS);
	*ret_pattern = take_ptr(p);
	return 0;
}

void pattern__free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	pcre2_match_data_free(p->found);
	pcre2_match_context_free(p->limits);
	free(p);
}

bool pattern__matches(struct pattern *p, const char *text)
{
	int found;

	if (p->overruns == MAX_OVERRUNS)
		return false;
	found = pcre2_match(p->code, (PCRE2_SPTR8)text, PCRE2_ZERO_TERMINATED, 0, 0, p->found,
			    p->limits);
	if (found < 0 && found != PCRE2_ERROR_NOMATCH && !p->overruns++)
		log_warn("%s: the expression costs too much, taken as no match", p->what);
	return found >= 0;
}
