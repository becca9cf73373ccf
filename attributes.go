package cognito

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// customPrefix begins the names of the attributes that a pool defines itself.
const customPrefix = "custom:"

// Attributes are a user's attributes by their names in the pool, such as "email", "given_name" or
// "custom:team". The service stores every value as a string. An Attributes value is not safe for
// concurrent use.
type Attributes map[string]string

// Set sets the attribute name to v. v is a string, a bool ("true" or "false"), an integer, a
// [time.Time], an [encoding.TextMarshaler], or a pointer to one of these. A time becomes seconds
// since 1970, as in updated_at, or, for birthdate, the date in the time's own zone. For any other
// type, and for nil, Set returns an error that names the attribute, and sets nothing. Set also
// returns an error if a is nil.
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

// SetCustom sets an attribute that the pool defines itself. It calls [Attributes.Set] with
// "custom:" added before name.
func (a Attributes) SetCustom(name string, v any) error {
	return a.Set(customPrefix+name, v)
}

// Custom returns the custom attribute name, which is given without "custom:". It returns "" if the
// attribute is not set.
func (a Attributes) Custom(name string) string { return a[customPrefix+name] }

// newAttributes converts attributes from the service.
func newAttributes(list []types.AttributeType) Attributes {
	attrs := make(Attributes, len(list))
	for _, a := range list {
		attrs[aws.ToString(a.Name)] = aws.ToString(a.Value)
	}
	return attrs
}

// list returns the attributes in the service's form, sorted by name.
func (a Attributes) list() []types.AttributeType {
	var list []types.AttributeType
	for _, name := range slices.Sorted(maps.Keys(a)) {
		list = append(list, types.AttributeType{Name: aws.String(name), Value: aws.String(a[name])})
	}
	return list
}

// Bool reports whether the attribute name is "true", such as email_verified of a verified address.
// It returns false if the attribute has another value or is not set. Use [Attributes.Unmarshal] to
// distinguish these: it accepts "true" and "false" only.
func (a Attributes) Bool(name string) bool {
	is, err := parseBool(a[name])
	return is && err == nil
}

func parseBool(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, &strconv.NumError{Func: "parseBool", Num: text, Err: strconv.ErrSyntax}
	}
	return text == "true", nil
}

// Time returns the attribute name as a time. The attribute is in seconds since 1970, a date
// (2006-01-02), or in RFC 3339 format. Time returns the zero Time if the attribute has another form
// or is not set. Use [Attributes.Unmarshal] to distinguish these.
func (a Attributes) Time(name string) time.Time {
	t, err := parseTime(a[name])
	if err != nil {
		return time.Time{}
	}
	return t
}

// AttributeMap renames attributes in one call and in the [User] that it returns. The keys are the
// names in the pool, and the values are your names. Other attributes keep their names.
//
//	cognito.AttributeMap{"given_name": "first", "custom:team": "team"}
type AttributeMap map[string]string

func (m AttributeMap) applyCall(o *callOptions) {
	o.given = append(o.given, optAttributeMap)
	names, err := newAttributeNames(m)
	if err != nil {
		o.errs = append(o.errs, err)
	}
	o.attributes = names
}

// attributeNames translates attribute names. The zero value changes nothing.
type attributeNames struct {
	yours map[string]string // by the pool's name
	pools map[string]string // by yours
}

func newAttributeNames(m AttributeMap) (attributeNames, error) {
	names := attributeNames{yours: maps.Clone(map[string]string(m)), pools: make(map[string]string, len(m))}
	for _, pools := range slices.Sorted(maps.Keys(m)) {
		yours := m[pools]
		if pools == "" || yours == "" {
			return attributeNames{}, fieldError("option "+optAttributeMap, "want no empty names")
		}
		if other, taken := names.pools[yours]; taken {
			problem := fmt.Sprintf("want one attribute for the name %s, got %s and %s",
				quote(yours), quote(other), quote(pools))
			return attributeNames{}, fieldError("option "+optAttributeMap, problem)
		}
		names.pools[yours] = pools
	}
	return names, nil
}

// fromPool returns a new map with your names.
func (n attributeNames) fromPool(attrs Attributes) (Attributes, error) {
	return renamed(attrs, n.yours)
}

// toPool returns a new map with the pool's names.
func (n attributeNames) toPool(attrs Attributes) (Attributes, error) { return renamed(attrs, n.pools) }

// renamed returns attrs with names replaced. It returns an error if two attributes would get one
// name, because one of them would be lost, and for an empty name.
func renamed(attrs Attributes, names map[string]string) (Attributes, error) {
	out := make(Attributes, len(attrs))
	for name, value := range attrs {
		if name == "" {
			return nil, fieldError("attributes", "want no empty names")
		}
		if other, ok := names[name]; ok {
			name = other
		}
		if _, taken := out[name]; taken {
			return nil, fieldError("option "+optAttributeMap, "two attributes would be called "+quote(name))
		}
		out[name] = value
	}
	return out, nil
}

// structTag is the key of the struct tag that names a field's attribute.
const structTag = "cognito"

// MarshalAttributes returns the attributes in the struct v, or in the struct that v points to. The
// tag of a field names its attribute. Fields without a tag, or with the tag "-", are ignored:
//
//	type Profile struct {
//		Email string    `cognito:"email"`
//		Born  time.Time `cognito:"birthdate,omitempty"`
//		Team  *int      `cognito:"custom:team"`
//	}
//
// A field is a string, a bool, an integer, a time, an [encoding.TextMarshaler], or a pointer to one
// of these. It is converted as by [Attributes.Set]. The fields of an embedded struct without a tag
// are treated as fields of v. Nil pointers are omitted, and with omitempty every zero value is.
// Without omitempty an empty string is kept; the service deletes an empty attribute. An error names
// the field and the attribute.
func MarshalAttributes(v any) (Attributes, error) {
	attrs, err := marshalAttributes(reflect.ValueOf(v))
	return attrs, wrapError("MarshalAttributes", err)
}

func marshalAttributes(v reflect.Value) (Attributes, error) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil, errors.New("v: want a struct or a pointer to one")
	}
	fields, err := attributeFields(v.Type())
	if err != nil {
		return nil, err
	}
	if !v.CanAddr() { // methods with pointer receivers need an addressable field
		addressable := reflect.New(v.Type()).Elem()
		addressable.Set(v)
		v = addressable
	}
	attrs := Attributes{}
	var errs []error
	for _, f := range fields {
		value, err := v.FieldByIndexErr(f.index)
		if err != nil || isNil(value) || f.omitEmpty && value.IsZero() {
			continue // an embedded pointer is nil, or the field is empty
		}
		text, err := attributeText(f.attribute, value)
		if err != nil {
			errs = append(errs, f.failed(err))
			continue
		}
		attrs[f.attribute] = text
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return attrs, nil
}

func isNil(v reflect.Value) bool {
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil()
}

// Unmarshal sets the fields of the struct that v points to from the attributes that their tags
// name; see [MarshalAttributes]. A field whose attribute is not set stays unchanged. For a value
// that does not fit its field, such as a number out of range, Unmarshal returns an error that names
// the field and the attribute. It still sets the other fields.
func (a Attributes) Unmarshal(v any) error {
	return wrapError("Unmarshal", a.unmarshal(reflect.ValueOf(v)))
}

func (a Attributes) unmarshal(v reflect.Value) error {
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return errors.New("v: want a pointer to a struct, not nil")
	}
	fields, err := attributeFields(v.Elem().Type())
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range fields {
		text, ok := a[f.attribute]
		if !ok {
			continue
		}
		target, err := reach(v.Elem(), f.index)
		if err == nil {
			err = setFromText(target, text)
		}
		if err != nil {
			errs = append(errs, f.failed(err))
		}
	}
	return errors.Join(errs...)
}

// reach returns the field of v at index. It allocates nil pointers to embedded structs on the way.
func reach(v reflect.Value, index []int) (reflect.Value, error) {
	for i, at := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return reflect.Value{}, fmt.Errorf("want an exported type to embed a pointer to, got %s", v.Type())
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	return v, nil
}

// attributeField is a field that has an attribute.
type attributeField struct {
	path      string // its Go name, for errors
	attribute string
	omitEmpty bool
	index     []int
}

func (f attributeField) failed(err error) error {
	return fmt.Errorf("field %s, attribute %s: %w", f.path, f.attribute, err)
}

// attributeFields returns the fields of the struct type t that have attributes, including those of
// embedded structs.
func attributeFields(t reflect.Type) ([]attributeField, error) {
	var fields []attributeField
	err := walkFields(t, "", nil, []reflect.Type{t}, &fields)
	seen := map[string]string{}
	for _, f := range fields {
		if other, ok := seen[f.attribute]; ok {
			err = errors.Join(err, f.failed(errors.New("want one field for the attribute, got field "+other+", too")))
		}
		seen[f.attribute] = f.path
	}
	return fields, err
}

// walkFields appends the fields of t to fields. outer are the structs that t is embedded in. A
// struct that embeds a pointer to itself has no further fields.
func walkFields(t reflect.Type, path string, index []int, outer []reflect.Type, fields *[]attributeField) error {
	var errs []error
	for i := range t.NumField() {
		field := t.Field(i)
		at := append(slices.Clone(index), i)
		name := path + field.Name
		tag, tagged := field.Tag.Lookup(structTag)
		switch {
		case tag == "-":
		case tagged:
			f, err := newAttributeField(field, name, tag, at)
			*fields, errs = append(*fields, f), append(errs, err)
		case field.Anonymous:
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && !slices.Contains(outer, inner) {
				errs = append(errs, walkFields(inner, name+".", at, append(slices.Clone(outer), inner), fields))
			}
		}
	}
	return errors.Join(errs...)
}

func newAttributeField(field reflect.StructField, path, tag string, index []int) (attributeField, error) {
	attribute, option, _ := strings.Cut(tag, ",")
	f := attributeField{path: path, attribute: attribute, omitEmpty: option == "omitempty", index: index}
	switch {
	case attribute == "" || option != "" && !f.omitEmpty:
		return f, fmt.Errorf(`field %s: want a tag cognito:"name" or cognito:"name,omitempty", got %s`,
			path, quote(tag))
	case !field.IsExported():
		return f, f.failed(errors.New("want an exported field"))
	case !hasText(field.Type):
		return f, f.failed(unsupported(field.Type))
	default:
		return f, nil
	}
}

// birthdate is the only standard attribute that is a date.
const birthdate = "birthdate"

var (
	timeType        = reflect.TypeFor[time.Time]()
	marshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// attributeText returns v as the text of the attribute name.
func attributeText(name string, v reflect.Value) (string, error) {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", errors.New("want a value, got nil")
	}
	if v.Type() == timeType {
		t, _ := reflect.TypeAssert[time.Time](v)
		if name == birthdate {
			return t.Format(time.DateOnly), nil
		}
		return strconv.FormatInt(t.Unix(), 10), nil
	}
	if v.CanAddr() && v.Kind() != reflect.Pointer && v.Addr().Type().Implements(marshalerType) {
		v = v.Addr()
	}
	if m, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok && v.Type() != reflect.PointerTo(timeType) {
		text, err := m.MarshalText()
		return string(text), err
	}
	switch {
	case isPlainPointer(v.Type()):
		return attributeText(name, v.Elem())
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	default:
		return "", unsupported(v.Type())
	}
}

// setFromText sets v, which must be settable, to the value of text.
func setFromText(v reflect.Value, text string) error {
	if v.Kind() == reflect.Pointer {
		target := reflect.New(v.Type().Elem())
		if err := setFromText(target.Elem(), text); err != nil {
			return err
		}
		v.Set(target)
		return nil
	}
	if v.Type() == timeType {
		t, err := parseTime(text)
		if err == nil {
			v.Set(reflect.ValueOf(t))
		}
		return err
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		return u.UnmarshalText([]byte(text))
	}
	return setBasic(v, text)
}

func setBasic(v reflect.Value, text string) error {
	var err error
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		var b bool
		if b, err = parseBool(text); err == nil {
			v.SetBool(b)
		}
	case v.CanInt():
		var n int64
		if n, err = strconv.ParseInt(text, 10, v.Type().Bits()); err == nil {
			v.SetInt(n)
		}
	case v.CanUint():
		var n uint64
		if n, err = strconv.ParseUint(text, 10, v.Type().Bits()); err == nil {
			v.SetUint(n)
		}
	default:
		return unsupported(v.Type())
	}
	if number := (*strconv.NumError)(nil); errors.As(err, &number) {
		return fmt.Errorf("want %s, got %s: %w", v.Type(), quote(text), number.Err)
	}
	return err
}

// parseTime parses a time in any of the forms that pools use.
func parseTime(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("want seconds since 1970, a date or RFC 3339, got " + quote(text))
}

func unsupported(t reflect.Type) error {
	return fmt.Errorf("want text, a bool, an integer, a time or an encoding.TextMarshaler, got %s", t)
}

// isPlainPointer reports whether t is an unnamed pointer type. Named pointer types are not
// followed, because they may point to themselves endlessly.
func isPlainPointer(t reflect.Type) bool { return t.Kind() == reflect.Pointer && t.Name() == "" }

// hasText reports whether attributeText and setFromText support values of type t.
func hasText(t reflect.Type) bool {
	for isPlainPointer(t) && !t.Implements(marshalerType) {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	default:
		return t == timeType || t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType) ||
			reflect.PointerTo(t).Implements(unmarshalerType)
	}
}
