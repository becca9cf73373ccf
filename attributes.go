package cognito

import (
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
// 1970, as updated_at has it), or anything that marshals itself to text. Another type is an error that names
// the attribute. The map must not be nil.
func (a Attributes) Set(name string, v any) error {
	text, err := attributeText(v)
	if err != nil {
		return fmt.Errorf("attribute %s: %w", name, err)
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

// list is the attributes as the service takes them, in the order of their names.
func (a Attributes) list() []types.AttributeType {
	var list []types.AttributeType
	for _, name := range slices.Sorted(maps.Keys(a)) {
		list = append(list, types.AttributeType{Name: aws.String(name), Value: aws.String(a[name])})
	}
	return list
}

func attributeText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Sprint(v), nil
	case time.Time:
		return strconv.FormatInt(v.Unix(), 10), nil
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		return string(text), err
	default:
		return "", fmt.Errorf("want text, a bool, an integer, a time or an encoding.TextMarshaler, got %T", v)
	}
}
