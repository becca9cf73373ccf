package cognitotest

import (
	"slices"
	"strings"
)

const (
	filterUsername = "username"
	filterStatus   = "cognito:user_status"
	filterEnabled  = "status"
)

// searchable are the attributes that ListUsers finds users by.
var searchable = []string{
	filterUsername, attrEmail, attrPhone, "name", "given_name", "family_name", attrPreferred, filterStatus, filterEnabled, attrSub,
}

// filter is the one clause that a filter of ListUsers has.
type filter struct {
	attribute string
	prefix    bool // ^= in place of =
	value     string
}

// parseFilter reads a filter of ListUsers: attribute, = or ^=, and a value in double quotes, in which \" is a double
// quote and \\ a backslash. An empty filter lets everyone through.
func (p *pool) parseFilter(text string) (func(*user) bool, error) {
	if strings.TrimSpace(text) == "" {
		return func(*user) bool { return true }, nil
	}
	f, err := splitFilter(text)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(searchable, f.attribute) {
		return nil, invalidParameter("Invalid search attribute: " + f.attribute)
	}
	return func(u *user) bool { return p.matches(f, u) }, nil
}

// splitFilter takes a filter apart.
func splitFilter(text string) (filter, error) {
	name, rest, ok := strings.Cut(text, "=")
	if !ok {
		return filter{}, errFilter
	}
	name, prefix := strings.CutSuffix(name, "^")
	name = strings.TrimSpace(name)
	value, ok := unquote(strings.TrimSpace(rest))
	if !ok || name == "" || strings.ContainsAny(name, " \t\r\n\"^\\") {
		return filter{}, errFilter
	}
	return filter{attribute: name, prefix: prefix, value: value}, nil
}

// unquote reads a value in double quotes that is all of quoted.
func unquote(quoted string) (string, bool) {
	inner, ok := strings.CutPrefix(quoted, `"`)
	if !ok {
		return "", false
	}
	var value strings.Builder
	for i := 0; i < len(inner); i++ {
		switch {
		case inner[i] == '"':
			return value.String(), i == len(inner)-1
		case inner[i] == '\\' && i+1 < len(inner) && (inner[i+1] == '"' || inner[i+1] == '\\'):
			i++
		}
		value.WriteByte(inner[i])
	}
	return "", false // the closing quote is missing
}

// matches reports whether a user is among those that a filter wants. Names and the status Enabled are compared as
// they are, the user status without regard to case, and addresses as the pool compares them.
func (p *pool) matches(f filter, u *user) bool {
	have, want := u.attributes[f.attribute], f.value
	switch f.attribute {
	case filterUsername:
		have = u.username
	case attrSub:
		have = u.sub
	case filterStatus:
		have, want = u.status, strings.ToUpper(want)
	case filterEnabled:
		have = "Enabled"
		if u.disabled {
			have = "Disabled"
		}
	case attrEmail, attrPreferred:
		have, want = p.fold(have), p.fold(want)
	}
	if f.prefix {
		return strings.HasPrefix(have, want)
	}
	return have == want
}
