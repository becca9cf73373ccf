package cognitotest

import (
	"regexp"
	"strings"
)

// namePattern is that of usernames and names of groups: no spaces, no control characters.
var namePattern = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)

// name checks a name that must be there.
func (v *validation) name(member, value string) {
	v.length(member, value, 1, 128)
	if value != "" && !namePattern.MatchString(value) {
		v.fail(member, `Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`)
	}
}

// splitPoolID takes a pool ID apart: the region, and the name that SRP uses. A region may hold an underscore, too.
func splitPoolID(id string) (region, name string) {
	i := strings.LastIndexByte(id, '_')
	return id[:i], id[i+1:]
}
