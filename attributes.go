package cognito

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// customPrefix marks the attributes that a pool defines itself.
const customPrefix = "custom:"

// Attributes are a user's attributes by their names in the pool: "email", "given_name", "custom:team". The
// service keeps every value as text. An Attributes value is not safe for concurrent use.
type Attributes map[string]string

// Set sets the attribute name to v: a string, a bool ("true", "false"), an integer, a [time.Time] (seconds since
// 1970, as updated_at has it; the date in its own zone for birthdate), anything that marshals itself to text, or a
// pointer to one of these. Another type, and nil, is an error that names the attribute and sets nothing; so is a nil
// map, since nothing can be set in one.
func (a Attributes) Set(name string, v any) error {
	text, err := attributeText(name, reflect.ValueOf(v))
	if err == nil && a == nil {
		err = errors.New("want Attributes{} to set it in, got a nil map")
	}
	if err != nil {
		return wrapError("Attributes.Set", fmt.Errorf("attribute %s: %w", name, err))
	}
	a[name] = text
	return nil
}

// SetCustom is [Attributes.Set] for an attribute that the pool defines itself: it adds the "custom:" that the
// service puts before those.
func (a Attributes) SetCustom(name string, v any) error {
	return a.Set(customPrefix+name, v)
}

// Custom returns the custom attribute name, given without "custom:"; it is "" when the attribute is not set.
func (a Attributes) Custom(name string) string { return a[customPrefix+name] }

// newAttributes takes attributes over from the service.
func newAttributes(list []types.AttributeType) Attributes {
	attrs := make(Attributes, len(list))
	for _, a := range list {
		attrs[aws.ToString(a.Name)] = aws.ToString(a.Value)
	}
	return attrs
}

// list is the attributes as the service takes them, in the order of their names.
func (a Attributes) list() []types.AttributeType {
	var list []types.AttributeType
	for _, name := range slices.Sorted(maps.Keys(a)) {
		list = append(list, types.AttributeType{Name: aws.String(name), Value: aws.String(a[name])})
	}
	return list
}

// Bool reports whether the attribute name is "true", as email_verified of a verified address; it is false when the
// attribute is something else or not set. [Attributes.Unmarshal] tells these apart.
func (a Attributes) Bool(name string) bool { return a[name] == "true" }

// Time returns the attribute name as a time: seconds since 1970, a date (2006-01-02) or RFC 3339. It is the zero Time
// when the attribute is something else or not set. [Attributes.Unmarshal] tells these apart.
func (a Attributes) Time(name string) time.Time {
	t, err := parseTime(a[name])
	if err != nil {
		return time.Time{}
	}
	return t
}
