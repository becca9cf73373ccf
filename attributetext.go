package cognito

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// birthdate is the one standard attribute that is a date.
const birthdate = "birthdate"

var (
	timeType        = reflect.TypeFor[time.Time]()
	marshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// attributeText is v as the text of the attribute name.
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

// setFromText sets v, which can be set, to what text says.
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
		if b, err = strconv.ParseBool(text); err == nil {
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

// parseTime reads a time in any of the forms that pools have them in.
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

// isPlainPointer reports whether t is *T for some T. Pointer types with a name of their own are not followed: they may
// point to themselves, without end.
func isPlainPointer(t reflect.Type) bool { return t.Kind() == reflect.Pointer && t.Name() == "" }

// hasText reports whether values of type t are read and written by setFromText and attributeText.
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
