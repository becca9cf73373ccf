package cognito_test

import (
	"encoding"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

type address struct {
	City string `cognito:"custom:city,omitempty"`
}

type Contact struct {
	Email    string `cognito:"email"`
	Verified bool   `cognito:"email_verified"`
}

type profile struct {
	Contact
	*address
	*Extra

	Name    string      `cognito:"name,omitempty"`
	Age     int8        `cognito:"custom:age"`
	Visits  uint16      `cognito:"custom:visits,omitempty"`
	Born    time.Time   `cognito:"birthdate,omitempty"`
	Updated *time.Time  `cognito:"updated_at"`
	Nick    *string     `cognito:"nickname"`
	Level   shade       `cognito:"custom:level,omitempty"`
	Host    *netip.Addr `cognito:"custom:host"`
	Ignored string      `cognito:"-"`
	Untold  string
}

type Extra struct {
	Flag *bool `cognito:"custom:flag"`
}

// shade marshals itself with a method of its pointer and reads itself back.
type shade int

func (s *shade) MarshalText() ([]byte, error) {
	if *s < 0 {
		return nil, fmt.Errorf("no shade %d", int(*s))
	}
	return []byte(strings.Repeat("#", int(*s))), nil
}

func (s *shade) UnmarshalText(text []byte) error {
	*s = shade(len(text))
	return nil
}

func TestAttributesOfStructs(t *testing.T) {
	t.Parallel()
	host := netip.MustParseAddr("192.0.2.1")
	full := profile{
		Contact: Contact{"b@example.com", true}, address: &address{"Bonn"}, Extra: &Extra{Flag: new(false)},
		Name: "Bob", Age: -128, Visits: math.MaxUint16, Born: time.Date(1990, 2, 3, 0, 0, 0, 0, time.UTC),
		Updated: new(time.Unix(1.7e9, 0).UTC()), Nick: new(""), Level: 3, Host: &host, Ignored: "x", Untold: "y",
	}
	attrs, err := cognito.MarshalAttributes(full)
	require.NoError(t, err)
	assert.Equal(t, cognito.Attributes{
		"email": "b@example.com", "email_verified": "true", "custom:city": "Bonn", "custom:flag": "false", "name": "Bob",
		"custom:age": "-128", "custom:visits": "65535", "birthdate": "1990-02-03", "updated_at": "1700000000", "nickname": "",
		"custom:level": "###", "custom:host": "192.0.2.1",
	}, attrs)
	same, err := cognito.MarshalAttributes(&full)
	require.NoError(t, err)
	assert.Equal(t, attrs, same)

	got := profile{address: &address{}, Ignored: "kept"}
	require.NoError(t, attrs.Unmarshal(&got))
	full.Ignored, full.Untold = "kept", ""
	assert.Equal(t, full, got)

	attrs, err = cognito.MarshalAttributes(profile{})
	require.NoError(t, err)
	assert.Equal(t, cognito.Attributes{"email": "", "email_verified": "false", "custom:age": "0"}, attrs)
	got = profile{Name: "kept"}
	require.NoError(t, cognito.Attributes{"unknown": "x"}.Unmarshal(&got))
	assert.Equal(t, profile{Name: "kept"}, got, "what is not set stays as it is, and embedded pointers nil")
}

func TestAttributesThatDoNotFitNameFieldAndAttribute(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"custom:age":     {"128", `field Age, attribute custom:age: want int8, got "128": value out of range`},
		"custom:visits":  {"-1", `field Visits, attribute custom:visits: want uint16, got "-1": invalid syntax`},
		"email_verified": {"maybe", `field Contact.Verified, attribute email_verified: want bool, got "maybe": invalid syntax`},
		"birthdate":      {"1990", ``},
		"updated_at":     {"yesterday", `field Updated, attribute updated_at: want seconds since 1970, a date or RFC 3339, got "yesterday"`},
		"custom:host":    {"example.com", `field Host, attribute custom:host: `},
		"custom:flag":    {"", `field Extra.Flag, attribute custom:flag: want bool, got ""`},
		"custom:city":    {"Bonn", `field address.City, attribute custom:city: want an exported type to embed a pointer to`},
	}
	for name, tt := range tests {
		var got profile
		err := cognito.Attributes{name: tt.text, "name": "Bob"}.Unmarshal(&got)
		if tt.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "cognito: Unmarshal: "+tt.want, name)
		assert.Equal(t, "Bob", got.Name, "the others are set")
	}
	var got profile
	err := cognito.Attributes{"custom:age": "x", "custom:visits": "y"}.Unmarshal(&got)
	require.ErrorContains(t, err, "field Age")
	require.ErrorContains(t, err, "field Visits")

	_, err = cognito.MarshalAttributes(profile{Level: -1})
	require.EqualError(t, err, "cognito: MarshalAttributes: field Level, attribute custom:level: no shade -1")
}

func TestBadStructsForAttributes(t *testing.T) {
	t.Parallel()
	type twice struct {
		A string `cognito:"email"`
		B string `cognito:"email"`
	}
	type again struct {
		*again

		A string `cognito:"email"`
	}
	tests := []struct {
		v    any
		want string
	}{
		{struct {
			A float64 `cognito:"custom:a"`
		}{}, "field A, attribute custom:a: want text, a bool, an integer, a time or an encoding.TextMarshaler, got float64"},
		{struct {
			A []string `cognito:"custom:a"`
		}{}, "got []string"},
		{struct {
			a string `cognito:"custom:a"`
		}{"x"}, "field a, attribute custom:a: want an exported field"},
		{struct {
			A string `cognito:",omitempty"`
		}{}, `field A: want a tag cognito:"name"`},
		{struct {
			A string `cognito:"a,omitzero"`
		}{}, `field A: want a tag cognito:"name"`},
		{twice{}, "field B, attribute email: want one field for the attribute, got field A, too"},
	}
	for _, tt := range tests {
		_, err := cognito.MarshalAttributes(tt.v)
		require.ErrorContains(t, err, tt.want)
		target := reflect.New(reflect.TypeOf(tt.v))
		require.ErrorContains(t, cognito.Attributes{}.Unmarshal(target.Interface()), tt.want)
	}
	for _, v := range []any{nil, 1, (*profile)(nil), map[string]string{}, new(new(profile{}))} {
		_, err := cognito.MarshalAttributes(v)
		require.ErrorContains(t, err, "want a struct")
		require.ErrorContains(t, cognito.Attributes{}.Unmarshal(v), "want a pointer to a struct")
	}
	require.ErrorContains(t, cognito.Attributes{}.Unmarshal(profile{}), "want a pointer to a struct")
	attrs, err := cognito.MarshalAttributes(again{again: nil, A: "x"})
	require.NoError(t, err)
	assert.Equal(t, cognito.Attributes{"email": "x"}, attrs)
}

func TestAttributesTyped(t *testing.T) {
	t.Parallel()
	attrs := cognito.Attributes{"email_verified": "true", "phone_number_verified": "false", "name": "True"}
	assert.True(t, attrs.Bool("email_verified"))
	for _, name := range []string{"phone_number_verified", "name", "none"} {
		assert.False(t, attrs.Bool(name), name)
	}
	zone := time.FixedZone("x", 3600)
	day := time.Date(2000, 1, 2, 0, 30, 0, 0, zone)
	for name, v := range map[string]any{
		"updated_at": day, "birthdate": day, "custom:rfc": "2000-01-02T00:30:00+01:00", "custom:no": "soon", "nickname": new("B"), "custom:p": new(new(7)),
	} {
		require.NoError(t, attrs.Set(name, v))
	}
	assert.True(t, day.Equal(attrs.Time("updated_at")))
	assert.True(t, day.Equal(attrs.Time("custom:rfc")))
	assert.Equal(t, "2000-01-02", attrs["birthdate"], "the date where the time was")
	assert.Equal(t, time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC), attrs.Time("birthdate"))
	assert.True(t, attrs.Time("custom:no").IsZero())
	assert.True(t, attrs.Time("none").IsZero())
	assert.Equal(t, "B", attrs["nickname"])
	assert.Equal(t, "7", attrs["custom:p"])
	assert.NotContains(t, attrs, "x")
}

// endless is a pointer to itself.
type endless *endless

func TestValuesThatAreNoAttribute(t *testing.T) {
	t.Parallel()
	var circle endless
	circle = &circle
	var noTime *time.Time
	var none, typed encoding.TextMarshaler = nil, noTime
	for want, values := range map[string][]any{
		"want a value, got nil": {nil, noTime, &noTime, (*netip.Addr)(nil), none, &none, typed, &typed, (*string)(nil)},
		"want text, a bool, an integer, a time or an encoding.TextMarshaler, got ": {1.5, []byte("x"), struct{}{}, func() {}, map[string]string{}, circle},
	} {
		for _, v := range values {
			attrs := cognito.Attributes{"x": "kept"}
			require.ErrorContains(t, attrs.Set("x", v), "cognito: Attributes.Set: attribute x: "+want)
			assert.Equal(t, cognito.Attributes{"x": "kept"}, attrs)
			require.ErrorContains(t, attrs.SetCustom("x", v), "attribute custom:x: "+want)
		}
	}
	require.ErrorContains(t, cognito.Attributes(nil).Set("x", "y"), "attribute x: want Attributes{} to set it in, got a nil map")
	assert.Empty(t, cognito.Attributes(nil).Custom("x"))
}

// A pointer to a value must have the value's text, for times as well, which have a text of their
// own.
func TestPointersHaveTheTextOfTheirValues(t *testing.T) {
	t.Parallel()
	at := time.Date(2000, 1, 2, 3, 4, 5, 0, time.UTC)
	host, level := netip.MustParseAddr("192.0.2.1"), shade(2)
	var marshaler encoding.TextMarshaler = at
	for _, name := range []string{"updated_at", "birthdate"} {
		direct, pointed, twice, boxed := cognito.Attributes{}, cognito.Attributes{}, cognito.Attributes{}, cognito.Attributes{}
		require.NoError(t, direct.Set(name, at))
		require.NoError(t, pointed.Set(name, &at))
		require.NoError(t, twice.Set(name, new(&at)))
		require.NoError(t, boxed.Set(name, &marshaler))
		for _, other := range []cognito.Attributes{pointed, twice, boxed} {
			assert.Equal(t, direct, other)
		}
	}
	attrs := cognito.Attributes{}
	require.NoError(t, attrs.Set("a", &host))
	require.NoError(t, attrs.Set("b", new(&host)))
	require.NoError(t, attrs.Set("c", &level))
	assert.Equal(t, cognito.Attributes{"a": "192.0.2.1", "b": "192.0.2.1", "c": "##"}, attrs)
}

func TestFieldsOfInterfaceTypes(t *testing.T) {
	t.Parallel()
	type boxed struct {
		At encoding.TextMarshaler `cognito:"updated_at"`
	}
	attrs, err := cognito.MarshalAttributes(boxed{time.Unix(5, 0)})
	require.NoError(t, err)
	assert.Equal(t, cognito.Attributes{"updated_at": "5"}, attrs)
	attrs, err = cognito.MarshalAttributes(boxed{})
	require.NoError(t, err)
	assert.Empty(t, attrs, "left out, as a nil pointer is")
	_, err = cognito.MarshalAttributes(boxed{(*time.Time)(nil)})
	require.ErrorContains(t, err, "field At, attribute updated_at: want a value, got nil")
	require.ErrorContains(t, cognito.Attributes{"updated_at": "5"}.Unmarshal(&boxed{}), "field At, attribute updated_at: want ")
	_, err = cognito.MarshalAttributes(struct {
		At endless `cognito:"updated_at"`
	}{})
	require.ErrorContains(t, err, "field At, attribute updated_at: want ")
}

// Any text must be taken or refused without a panic, and what was taken must come back the same.
func FuzzAttributes(f *testing.F) {
	f.Add("Bob", "5", "7", "true", "1700000000", "##")
	f.Add("", "-129", "65536", "TRUE", "1990-02-03", "")
	f.Add("\xff\"\\", "", " 1", "t", "2006-01-02T15:04:05.999Z", "é")
	f.Fuzz(func(t *testing.T, name, age, visits, flag, updated, level string) {
		attrs := cognito.Attributes{
			"name": name, "custom:age": age, "custom:visits": visits, "custom:flag": flag, "updated_at": updated, "custom:level": level,
		}
		var first, second profile
		if err := attrs.Unmarshal(&first); err != nil {
			return
		}
		again, err := cognito.MarshalAttributes(&first)
		require.NoError(t, err)
		require.NoError(t, again.Unmarshal(&second))
		if first.Updated != nil { // fractions of a second are not kept
			first.Updated = new(time.Unix(first.Updated.Unix(), 0).UTC())
		}
		require.Equal(t, first, second)
		require.Equal(t, name, again["name"])
	})
}

func TestBoolAndUnmarshalAgree(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"true", "false", "True", "TRUE", "t", "T", "1", "0", "False", "", " true", "yes"} {
		attrs := cognito.Attributes{"email_verified": text}
		var v struct {
			Verified bool `cognito:"email_verified"`
		}
		err := attrs.Unmarshal(&v)
		assert.Equal(t, v.Verified, attrs.Bool("email_verified"), text)
		assert.Equal(t, text == "true", v.Verified, text)
		if text == "true" || text == "false" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, "field Verified, attribute email_verified: want bool, got", text)
		}
	}
}
