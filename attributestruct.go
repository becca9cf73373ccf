package cognito

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// structTag is the struct tag that names a field's attribute.
const structTag = "cognito"

// MarshalAttributes makes attributes of the struct v, or of what the pointer v points to. A field's tag names its
// attribute; fields without a tag, or with the tag "-", are left out:
//
//	type Profile struct {
//		Email string    `cognito:"email"`
//		Born  time.Time `cognito:"birthdate,omitempty"`
//		Team  *int      `cognito:"custom:team"`
//	}
//
// Fields are strings, bools, integers, times, [encoding.TextMarshaler]s, and pointers to them; their text is that of
// [Attributes.Set]. Embedded structs without a tag count as if their fields were v's own. A nil pointer is left out,
// and with omitempty every zero value is; without, an empty string is kept, and an empty attribute is one that the
// service deletes. The error names the field and the attribute.
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
	if !v.CanAddr() { // methods of pointers to its fields need an address
		addressable := reflect.New(v.Type()).Elem()
		addressable.Set(v)
		v = addressable
	}
	attrs := Attributes{}
	var errs []error
	for _, f := range fields {
		value, err := v.FieldByIndexErr(f.index)
		if err != nil || isNil(value) || f.omitEmpty && value.IsZero() {
			continue // an embedded pointer on the way to it is nil, or it is itself empty
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

// Unmarshal sets the fields of the struct that v points to from the attributes that their tags name; see
// [MarshalAttributes]. A field whose attribute is not set stays as it is. Text that does not fit its field, such as a
// number out of the field's range, is an error that names the field and the attribute; the other fields are set all
// the same.
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

// reach is the field of v at index; nil pointers to embedded structs on the way are filled.
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

// attributeField is a field with an attribute.
type attributeField struct {
	path      string // as Go names it, for errors
	attribute string
	omitEmpty bool
	index     []int
}

func (f attributeField) failed(err error) error {
	return fmt.Errorf("field %s, attribute %s: %w", f.path, f.attribute, err)
}

// attributeFields lists the fields of the struct type t that have attributes, those of embedded structs included.
func attributeFields(t reflect.Type) ([]attributeField, error) {
	var fields []attributeField
	err := walkFields(t, "", nil, []reflect.Type{t}, &fields)
	seen := map[string]string{}
	for _, f := range fields {
		if other, ok := seen[f.attribute]; ok {
			err = errors.Join(err, f.failed(errors.New("want one field for it, got field "+other+", too")))
		}
		seen[f.attribute] = f.path
	}
	return fields, err
}

// walkFields appends the fields of t. outer are the structs that t is embedded in: a struct that embeds a pointer to
// itself has no further fields.
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
		return f, fmt.Errorf(`field %s: want a tag cognito:"name" or cognito:"name,omitempty", got %s`, path, quote(tag))
	case !field.IsExported():
		return f, f.failed(errors.New("want an exported field"))
	case !hasText(field.Type):
		return f, f.failed(unsupported(field.Type))
	default:
		return f, nil
	}
}
