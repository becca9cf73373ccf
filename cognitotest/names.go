package cognitotest

import "regexp"

// namePattern is that of usernames and names of groups: no spaces, no control characters.
var namePattern = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)

// name checks a name that must be there.
func (v *validation) name(member, value string) {
	v.length(member, value, 1, 128)
	if value != "" && !namePattern.MatchString(value) {
		v.fail(member, `Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`)
	}
}
