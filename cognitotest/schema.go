package cognitotest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	customPrefix    = "custom:"
	developerPrefix = "dev:"
	maxValue        = 2048
)

var (
	emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	phonePattern = regexp.MustCompile(`^\+[0-9]{1,20}$`)
)

func isEmail(s string) bool { return emailPattern.MatchString(s) }
func isPhone(s string) bool { return phonePattern.MatchString(s) }

// standardAttributes are those of every pool that users may write.
var standardAttributes = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", attrPreferred, "profile", "picture", "website",
	attrEmail, "gender", "birthdate", "zoneinfo", "locale", attrPhone, "address", "updated_at",
}

// CustomAttribute is an attribute that a pool has beyond the standard ones.
type CustomAttribute struct {
	// Name is the name without the prefix "custom:".
	Name string
	// Type is "String" if empty; else "Number", "Boolean" or "DateTime".
	Type string
	// Immutable attributes are set when a user is created, or never.
	Immutable bool
	// Min and Max bound a String's length and a Number's value. A zero Max is none, for a String 2048.
	Min, Max int64
}

// The types of attributes.
const (
	typeString   = "String"
	typeNumber   = "Number"
	typeBoolean  = "Boolean"
	typeDateTime = "DateTime"
)

// verifiedFlag reports whether an attribute says that another one is verified.
func verifiedFlag(name string) bool { return name == attrEmailVerified || name == attrPhoneVerified }

// custom finds the definition of a custom attribute, by the name on the wire; nil if there is none. A pool whose
// Config names none takes every name.
func (p *pool) custom(name string) *CustomAttribute {
	short, ok := strings.CutPrefix(strings.TrimPrefix(name, developerPrefix), customPrefix)
	if !ok || short == "" {
		return nil
	}
	if p.cfg.CustomAttributes == nil {
		return &CustomAttribute{Name: short, Type: typeString}
	}
	i := slices.IndexFunc(p.cfg.CustomAttributes, func(c CustomAttribute) bool { return c.Name == short })
	if i < 0 {
		return nil
	}
	return &p.cfg.CustomAttributes[i]
}

// inSchema reports whether the pool has an attribute.
func (p *pool) inSchema(name string) bool {
	return name == attrSub || verifiedFlag(name) || slices.Contains(standardAttributes, name) || p.custom(name) != nil
}

func errAttribute(name, problem string) error {
	return invalidParameter("user." + name + ": " + problem)
}

// checkValue checks a value of an attribute against the schema.
func (p *pool) checkValue(a attribute) error {
	switch {
	case !p.inSchema(a.Name):
		return errAttribute(a.Name, "Attribute does not exist in the schema.\n")
	case len([]rune(a.Value)) > maxValue:
		return errAttribute(a.Name, fmt.Sprintf("String must be no longer than %d characters", maxValue))
	case a.Name == attrEmail && !isEmail(a.Value):
		return invalidParameter("Invalid email address format.")
	case a.Name == attrPhone && !isPhone(a.Value):
		return invalidParameter("Invalid phone number format.")
	case verifiedFlag(a.Name):
		return checkTyped(a, CustomAttribute{Type: typeBoolean})
	case a.Name == "birthdate":
		return checkTyped(a, CustomAttribute{Type: typeString, Min: 10, Max: 10})
	case a.Name == "updated_at":
		return checkTyped(a, CustomAttribute{Type: typeNumber})
	}
	if c := p.custom(a.Name); c != nil {
		return checkTyped(a, *c)
	}
	return nil
}

// checkTyped checks a value against its type and bounds. Of the texts only that of the longest String is known to be
// the service's.
func checkTyped(a attribute, want CustomAttribute) error {
	switch want.Type {
	case typeNumber:
		n, err := strconv.ParseInt(a.Value, 10, 64)
		if err != nil || n < want.Min || (want.Max > 0 && n > want.Max) {
			return errAttribute(a.Name, "Number is not valid")
		}
	case typeBoolean:
		if a.Value != strconv.FormatBool(true) && a.Value != strconv.FormatBool(false) {
			return errAttribute(a.Name, "Boolean must be true or false")
		}
	case typeDateTime:
		_, noDate := time.Parse(time.RFC3339, a.Value)
		_, noNumber := strconv.ParseInt(a.Value, 10, 64) // of seconds
		if noDate != nil && noNumber != nil {
			return errAttribute(a.Name, "DateTime is not valid")
		}
	default:
		n := int64(len([]rune(a.Value)))
		if n < want.Min {
			return errAttribute(a.Name, fmt.Sprintf("String must be at least %d characters", want.Min))
		}
		if want.Max > 0 && n > want.Max {
			return errAttribute(a.Name, fmt.Sprintf("String must be no longer than %d characters", want.Max))
		}
	}
	return nil
}

// checkAttributes checks the attributes that a new user or a challenge brings, and returns them by name.
func (p *pool) checkAttributes(list []attribute) (map[string]string, error) {
	attributes := map[string]string{}
	for _, a := range list {
		if !userMayWrite(a.Name) {
			return nil, errWriteAttribute
		}
		if err := p.checkValue(a); err != nil {
			return nil, err
		}
		attributes[a.Name] = a.Value
	}
	return attributes, nil
}

// checkAdminAttributes is checkAttributes for what an administrator gives: *_verified, too.
func (p *pool) checkAdminAttributes(list []attribute) (map[string]string, error) {
	attributes := map[string]string{}
	for _, a := range list {
		if a.Name == attrSub {
			return nil, errWriteSub
		}
		if err := p.checkValue(a); err != nil {
			return nil, err
		}
		attributes[a.Name] = a.Value
	}
	return attributes, nil
}

// userMayWrite reports whether an attribute is among those that a user may have a right to write.
func userMayWrite(name string) bool {
	return name != attrSub && !verifiedFlag(name) && !strings.HasPrefix(name, developerPrefix)
}

// checkWritable is the gate of the client's WriteAttributes.
func (c *Client) checkWritable(list []attribute) error {
	for _, a := range list {
		if !userMayWrite(a.Name) || (c.WriteAttributes != nil && !slices.Contains(c.WriteAttributes, a.Name)) {
			return errWriteAttribute
		}
	}
	return nil
}

// checkRequired says which of the pool's required attributes are missing, a line each.
func (p *pool) checkRequired(attributes map[string]string) error {
	var missing strings.Builder
	for _, name := range p.cfg.RequiredAttributes {
		if attributes[name] == "" {
			missing.WriteString(name + ": The attribute is required\n")
		}
	}
	if missing.Len() > 0 {
		return invalidParameter("Attributes did not conform to the schema: " + missing.String())
	}
	return nil
}
