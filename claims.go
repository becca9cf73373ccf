package cognito

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/token"
)

// AccessClaims are the claims of a verified access token. They tell what its bearer may do. The
// embedded [jwt.RegisteredClaims] hold iss, sub, exp, iat and jti.
type AccessClaims struct {
	jwt.RegisteredClaims

	// TokenUse is "access".
	TokenUse TokenUse `json:"token_use"`
	// Username is the user's name in the pool, not an alias.
	Username string `json:"username"`
	// ClientID is the app client to which the token was issued.
	ClientID string `json:"client_id"`
	// Scope holds the scopes, separated by spaces; see [AccessClaims.Scopes].
	Scope string `json:"scope"`
	// Groups are the names of the user's groups. It is nil if there are none.
	Groups []string `json:"cognito:groups,omitempty"`
	// AuthTime is the time when the user signed in. A refresh does not change it.
	AuthTime *jwt.NumericDate `json:"auth_time,omitempty"`
	// OriginID is the same in all tokens of one sign-in. It is "" if token revocation is disabled
	// for the app client.
	OriginID string `json:"origin_jti,omitempty"`
	// EventID identifies the sign-in in the service's logs.
	EventID string `json:"event_id,omitempty"`
	// DeviceKey is the key of the remembered device with which the user signed in, or "" if there
	// was none.
	DeviceKey string `json:"device_key,omitempty"`
	// ACR is the authentication level that the sign-in reached, such as "urn:cognito:loa:2". It is
	// "" if the token does not contain one. See [RequireACR].
	ACR string `json:"acr,omitempty"`
	// AMR are the authentication methods that the user completed, such as "pwd" and "otp". It is
	// nil if the token contains none.
	AMR []string `json:"amr,omitempty"`
	// All holds every claim of the token by its name, including those above and those that a Lambda
	// function of the pool added. Numbers are [json.Number], so that they keep their precision. All
	// is not part of the JSON of AccessClaims.
	All map[string]any `json:"-"`
}

// Custom returns the custom attribute name, which is given without "custom:". It returns "" if the
// token does not contain it as a string. Access tokens contain such claims only if a Lambda
// function of the pool adds them. Claims that the function gives other names are in All.
func (c *AccessClaims) Custom(name string) string {
	text, _ := c.All[customPrefix+name].(string)
	return text
}

// setAll sets All after the claims were decoded into c, or into a struct that embeds it.
func (c *AccessClaims) setAll(all map[string]any) {
	if c != nil { // an embedded pointer may be nil
		c.All = all
	}
}

// HasGroup reports whether the user is in the group. Names are compared exactly.
func (c *AccessClaims) HasGroup(name string) bool {
	return containsAny(slices.Values(c.Groups), []string{name})
}

// HasScope reports whether the token has the scope. Names are compared exactly.
func (c *AccessClaims) HasScope(name string) bool {
	return containsAny(strings.FieldsSeq(c.Scope), []string{name})
}

// Scopes returns the scopes as a slice, or nil if there are none.
func (c *AccessClaims) Scopes() []string {
	if c.Scope == "" {
		return nil
	}
	return strings.Fields(c.Scope)
}

// IDClaims are the claims of a verified ID token. They tell who its bearer is. The embedded
// [jwt.RegisteredClaims] hold iss, sub, aud, exp, iat and jti.
type IDClaims struct {
	jwt.RegisteredClaims

	// TokenUse is "id".
	TokenUse TokenUse `json:"token_use"`
	// Username is the user's name in the pool, not an alias.
	Username string `json:"cognito:username"`
	// Groups are the names of the user's groups. It is nil if there are none.
	Groups []string `json:"cognito:groups,omitempty"`
	// AuthTime is the time when the user signed in. A refresh does not change it.
	AuthTime *jwt.NumericDate `json:"auth_time,omitempty"`
	// OriginID is the same in all tokens of one sign-in. It is "" if token revocation is disabled
	// for the app client.
	OriginID string `json:"origin_jti,omitempty"`
	// EventID identifies the sign-in in the service's logs.
	EventID string `json:"event_id,omitempty"`
	// ACR is the authentication level that the sign-in reached, such as "urn:cognito:loa:2". It is
	// "" if the token does not contain one. See [RequireACR].
	ACR string `json:"acr,omitempty"`
	// AMR are the authentication methods that the user completed, such as "pwd" and "otp". It is
	// nil if the token contains none.
	AMR []string `json:"amr,omitempty"`
	// Email is the e-mail address. EmailVerified reports whether the address is verified.
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"-"`
	// PhoneNumber is the phone number. PhoneNumberVerified reports whether the number is verified.
	PhoneNumber         string `json:"phone_number,omitempty"`
	PhoneNumberVerified bool   `json:"-"`
	// All holds every claim of the token by its name, including those above: standard attributes
	// such as "given_name", custom attributes such as "custom:team" (always strings), and claims
	// that a Lambda function added. Numbers are [json.Number], so that they keep their precision.
	All map[string]any `json:"-"`
}

// UnmarshalJSON decodes the claims. It accepts email_verified and phone_number_verified as a JSON
// bool or as the string "true" or "false", which pools with federated users send.
func (c *IDClaims) UnmarshalJSON(data []byte) error {
	type plain IDClaims
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&c.All); err != nil {
		return err
	}
	c.EmailVerified = isTrue(c.All["email_verified"])
	c.PhoneNumberVerified = isTrue(c.All["phone_number_verified"])
	return nil
}

// MarshalJSON encodes the claims for UnmarshalJSON. A claim that is both in All and in another
// field is taken from All.
func (c IDClaims) MarshalJSON() ([]byte, error) {
	type plain IDClaims
	text, err := json.Marshal(plain(c))
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	if c.EmailVerified {
		all["email_verified"] = true
	}
	if c.PhoneNumberVerified {
		all["phone_number_verified"] = true
	}
	maps.Copy(all, c.All)
	return json.Marshal(all)
}

// clone returns a deep copy of c.
func (c *IDClaims) clone() *IDClaims {
	claims := *c
	claims.RegisteredClaims = cloneRegistered(c.RegisteredClaims)
	claims.AuthTime, claims.Groups, claims.AMR = cloneDate(c.AuthTime), slices.Clone(c.Groups), slices.Clone(c.AMR)
	claims.All = cloneAll(c.All)
	return &claims
}

// clone returns a deep copy of c.
func (c *AccessClaims) clone() *AccessClaims {
	claims := *c
	claims.RegisteredClaims = cloneRegistered(c.RegisteredClaims)
	claims.AuthTime, claims.Groups, claims.AMR = cloneDate(c.AuthTime), slices.Clone(c.Groups), slices.Clone(c.AMR)
	claims.All = cloneAll(c.All)
	return &claims
}

func cloneRegistered(c jwt.RegisteredClaims) jwt.RegisteredClaims {
	c.Audience = slices.Clone(c.Audience)
	c.ExpiresAt, c.NotBefore, c.IssuedAt = cloneDate(c.ExpiresAt), cloneDate(c.NotBefore), cloneDate(c.IssuedAt)
	return c
}

func cloneDate(d *jwt.NumericDate) *jwt.NumericDate {
	if d == nil {
		return nil
	}
	date := *d
	return &date
}

// cloneAll returns a deep copy of all.
func cloneAll(all map[string]any) map[string]any {
	copied := maps.Clone(all)
	for name, member := range all {
		if isNested(member) {
			copied[name] = cloneJSON(member)
		}
	}
	return copied
}

// isNested reports whether v is a JSON object or array, which a shallow copy would share.
func isNested(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	default:
		return false
	}
}

// cloneJSON returns a deep copy of v, a value that encoding/json decoded into an any.
func cloneJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return cloneAll(v)
	case []any:
		copied := slices.Clone(v)
		for i := range copied {
			copied[i] = cloneJSON(copied[i])
		}
		return copied
	default:
		return v
	}
}

// identity returns c as claims of an ID token. all holds every claim of the token; the result keeps
// it. Otherwise the result shares no mutable value with c.
func (c *tokenClaims) identity(all map[string]any) *IDClaims {
	// One allocation holds the claims and the times that they point to.
	held := &struct {
		claims IDClaims
		times  [4]jwt.NumericDate
	}{}
	held.claims = IDClaims{
		RegisteredClaims: c.registered(held.times[:3]),
		TokenUse:         c.use, Username: c.idUsername, Groups: slices.Clone(c.groups),
		AuthTime: c.authTime.into(&held.times[3]), OriginID: c.originID, EventID: c.eventID,
		ACR: c.acr, AMR: slices.Clone(c.amr),
		EmailVerified: isTrue(all["email_verified"]), PhoneNumberVerified: isTrue(all["phone_number_verified"]),
		All: all,
	}
	held.claims.Email, _ = all["email"].(string)
	held.claims.PhoneNumber, _ = all["phone_number"].(string)
	return &held.claims
}

// Custom returns the custom attribute name, which is given without "custom:". It returns "" if the
// token does not contain it as a string.
func (c *IDClaims) Custom(name string) string {
	text, _ := c.All[customPrefix+name].(string)
	return text
}

// HasGroup reports whether the user is in the group. Names are compared exactly.
func (c *IDClaims) HasGroup(name string) bool {
	return containsAny(slices.Values(c.Groups), []string{name})
}

func isTrue(v any) bool { return v == true || v == "true" }

// access returns c as claims of an access token. all is treated as by identity.
func (c *tokenClaims) access(all map[string]any) *AccessClaims {
	// One allocation holds the claims and the times that they point to.
	held := &struct {
		claims AccessClaims
		times  [4]jwt.NumericDate
	}{}
	held.claims = AccessClaims{
		RegisteredClaims: c.registered(held.times[:3]),
		TokenUse:         c.use, Username: c.username, ClientID: c.clientID, Scope: c.scope,
		Groups: slices.Clone(c.groups), AuthTime: c.authTime.into(&held.times[3]),
		OriginID: c.originID, EventID: c.eventID, DeviceKey: c.deviceKey, ACR: c.acr, AMR: slices.Clone(c.amr), All: all,
	}
	return &held.claims
}

func (c *tokenClaims) registered(times []jwt.NumericDate) jwt.RegisteredClaims {
	return jwt.RegisteredClaims{
		Issuer: c.issuer, Subject: c.subject, ID: c.id, Audience: slices.Clone(c.audience),
		ExpiresAt: c.expires.into(&times[0]), NotBefore: c.notBefore.into(&times[1]),
		IssuedAt: c.issued.into(&times[2]),
	}
}

// into stores the time in target and returns target, or returns nil if there is no time.
func (d *numericDate) into(target *jwt.NumericDate) *jwt.NumericDate {
	if !d.set {
		return nil
	}
	*target = d.NumericDate
	return target
}

// tokenClaims holds the claims that this package checks and those that its claims types contain. It
// decodes itself from the token, so that no type of a caller can affect the checks.
type tokenClaims struct {
	issuer, subject, id            string
	audience                       []string
	listedAudience                 bool // the audience was an array
	expires, notBefore             numericDate
	issued, authTime               numericDate
	use                            TokenUse
	clientID, username, idUsername string
	scope, originID, eventID       string
	deviceKey                      string
	atHash                         string
	hasAtHash                      bool
	groups                         []string
	acr                            string
	amr                            []string

	payload string         // the claims as JSON, without names that differ from known ones by case
	members []token.Member // its members
	wrong   []string       // names of claims of the wrong type, which only some checks need
}

// numericDate is a time in a token, with the fraction of a second that the token gives.
type numericDate struct {
	jwt.NumericDate

	set bool
}

// member returns the field for the claim name, or nil if tokenClaims has none. A required claim of
// the wrong type makes the token invalid. Another claim of the wrong type is treated as missing,
// and makes the token invalid only if a check needs it.
func (c *tokenClaims) member(name string) (into any, needed bool) {
	switch name {
	case "iss":
		return &c.issuer, true
	case "sub":
		return &c.subject, true
	case "jti":
		return &c.id, true
	case "aud":
		return &c.audience, true
	case "exp":
		return &c.expires, true
	case "nbf":
		return &c.notBefore, true
	case "iat":
		return &c.issued, true
	case "auth_time":
		return &c.authTime, true
	case "token_use":
		return &c.use, true
	case "client_id":
		return &c.clientID, false
	case "username":
		return &c.username, false
	case "cognito:username":
		return &c.idUsername, false
	case "scope":
		return &c.scope, false
	case "origin_jti":
		return &c.originID, false
	case "event_id":
		return &c.eventID, false
	case "device_key":
		return &c.deviceKey, false
	case "at_hash":
		return &c.atHash, false
	case "cognito:groups":
		return &c.groups, false
	case "acr":
		return &c.acr, false
	case "amr":
		return &c.amr, false
	default:
		return nil, false
	}
}

// claimNames are the claims on which this package and its callers base decisions.
var claimNames = []string{
	"iss", "sub", "jti", "aud", "exp", "nbf", "iat", "auth_time", "token_use", "client_id", "username",
	"cognito:username", "scope", "origin_jti", "event_id", "device_key", "at_hash", "cognito:groups", "acr", "amr",
	"cognito:roles", "cognito:preferred_role", "identities", "nonce", "version", "email", "email_verified",
	"phone_number", "phone_number_verified",
}

// otherSpelling reports whether name differs from one of claimNames only by case. encoding/json
// would decode it as that claim.
func otherSpelling(name string) bool {
	if isLower(name) {
		return false
	}
	return slices.ContainsFunc(claimNames, func(known string) bool { return strings.EqualFold(known, name) })
}

// isLower reports whether name is ASCII without upper-case letters. Two such names that differ also
// differ without regard to case.
func isLower(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 || name[i] >= 'A' && name[i] <= 'Z' {
			return false
		}
	}
	return true
}

// UnmarshalJSON decodes the claims strictly. It returns an error for a duplicate claim. It drops a
// claim whose name differs from a known one only by case, so that no reader takes it for that one.
// Such a claim is no error: a Lambda function of the pool may add one.
func (c *tokenClaims) UnmarshalJSON(data []byte) error {
	*c = tokenClaims{payload: string(data), members: make([]token.Member, 0, 16)}
	foreign := false
	err := token.Members(c.payload, func(name, value string) error {
		into, needed := c.member(name)
		if into == nil && otherSpelling(name) {
			foreign = true
			return nil
		}
		c.members = append(c.members, token.Member{Name: name, Value: value})
		if into == nil {
			return nil
		}
		err := c.read(into, value)
		switch {
		case err == nil:
			return nil
		case needed:
			return fmt.Errorf("%s: %w", name, err)
		default:
			c.wrong = append(c.wrong, name)
			return nil
		}
	})
	if err == nil && foreign {
		c.payload, err = encodeMembers(c.members)
	}
	return err
}

// payloadFor returns the claims as JSON for out, without those that encoding/json would decode into
// a field of another name. It ignores case, and uses the last claim that fits. A field with a name
// in its tag gets only the claim of that name. A field without one also gets a claim in another
// case, unless several claims fit.
func (c *tokenClaims) payloadFor(out any) (string, error) {
	fields := fieldsOf(reflect.TypeOf(out))
	if len(fields.tagged) == 0 { // out is not a struct, or it decodes itself
		return c.payload, nil
	}
	var dropped []int
	fits := map[string][]int{} // by the name of a field without a tag
	for i, m := range c.members {
		if _, exact := fields.tagged[m.Name]; exact {
			continue
		}
		for _, name := range fields.candidates(m.Name) {
			if !strings.EqualFold(name, m.Name) {
				continue
			}
			if fields.tagged[name] {
				dropped = append(dropped, i)
			} else {
				fits[name] = append(fits[name], i)
			}
		}
	}
	for name, several := range fits {
		exact := slices.ContainsFunc(c.members, func(m token.Member) bool { return m.Name == name })
		if exact || len(several) > 1 {
			dropped = append(dropped, several...)
		}
	}
	if len(dropped) == 0 {
		return c.payload, nil
	}
	var kept []token.Member
	for i, m := range c.members {
		if !slices.Contains(dropped, i) {
			kept = append(kept, m)
		}
	}
	return encodeMembers(kept)
}

// jsonFields are the names that encoding/json gives the fields of a struct.
type jsonFields struct {
	tagged map[string]bool // whether the name is from a tag, by the name
	names  []string
	mixed  []string // the names that are not isLower
}

// candidates returns the names that may differ from name only by case.
func (f *jsonFields) candidates(name string) []string {
	if isLower(name) {
		return f.mixed
	}
	return f.names
}

// knownFields holds the *jsonFields of types.
var knownFields sync.Map

// fieldsOf returns the fields of a struct or pointer type. It returns none for other types, and for
// those that decode themselves.
func fieldsOf(t reflect.Type) *jsonFields {
	if known, ok := knownFields.Load(t); ok {
		return known.(*jsonFields)
	}
	fields := &jsonFields{tagged: map[string]bool{}}
	own := t
	for own.Kind() == reflect.Pointer && !own.Implements(unmarshaler) {
		own = own.Elem()
	}
	if own.Kind() == reflect.Struct {
		fields.add(own, map[reflect.Type]bool{})
	}
	knownFields.Store(t, fields)
	return fields
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// add adds the fields of the struct t and of the structs that it embeds.
func (f *jsonFields) add(t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		embedded := field.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case field.Anonymous && name == "" && embedded.Kind() == reflect.Struct:
			f.add(embedded, seen)
		case !field.IsExported():
		default:
			tagged := name != ""
			if !tagged {
				name = field.Name
			}
			f.tagged[name] = f.tagged[name] || tagged
			if !slices.Contains(f.names, name) {
				f.names = append(f.names, name)
				if !isLower(name) {
					f.mixed = append(f.mixed, name)
				}
			}
		}
	}
}

// all returns every claim by its name. The result shares no mutable value with c.
func (c *tokenClaims) all() (map[string]any, error) {
	all := make(map[string]any, len(c.members))
	for _, m := range c.members {
		value, err := token.Value(m.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		all[m.Name] = value
	}
	return all, nil
}

// read decodes one claim. A claim of the wrong type leaves its field empty.
func (c *tokenClaims) read(into any, value string) (err error) {
	switch into := into.(type) {
	case *string:
		*into, err = token.Text(value)
		if into == &c.atHash {
			c.hasAtHash = true
		}
	case *TokenUse:
		var use string
		use, err = token.Text(value)
		*into = TokenUse(use)
	case *numericDate:
		into.Time, err = token.Date(value)
		into.set = err == nil
	case *[]string:
		*into, err = token.Texts(value)
		if into == &c.audience {
			c.listedAudience = value[0] == '['
		}
	}
	return err
}

// encodeMembers returns members as a JSON object.
func encodeMembers(members []token.Member) (string, error) {
	var kept strings.Builder
	for i, m := range members {
		text, err := json.Marshal(m.Name)
		if err != nil {
			return "", err
		}
		if i > 0 {
			kept.WriteByte(',')
		}
		kept.Write(text)
		kept.WriteByte(':')
		kept.WriteString(m.Value)
	}
	return "{" + kept.String() + "}", nil
}

// Decoded reports whether the claims were decoded.
func (c *tokenClaims) Decoded() bool { return c.payload != "" }

// The methods below implement [jwt.Claims], so that package jwt can check the times.

// GetExpirationTime returns the claim exp, or nil if there is none.
func (c *tokenClaims) GetExpirationTime() (*jwt.NumericDate, error) { return c.expires.numeric(), nil }

// GetIssuedAt returns the claim iat, or nil if there is none.
func (c *tokenClaims) GetIssuedAt() (*jwt.NumericDate, error) { return c.issued.numeric(), nil }

// GetNotBefore returns the claim nbf, or nil if there is none.
func (c *tokenClaims) GetNotBefore() (*jwt.NumericDate, error) { return c.notBefore.numeric(), nil }

// GetIssuer returns the claim iss.
func (c *tokenClaims) GetIssuer() (string, error) { return c.issuer, nil }

// GetSubject returns the claim sub.
func (c *tokenClaims) GetSubject() (string, error) { return c.subject, nil }

// GetAudience returns the claim aud.
func (c *tokenClaims) GetAudience() (jwt.ClaimStrings, error) { return c.audience, nil }

func (d *numericDate) numeric() *jwt.NumericDate {
	if !d.set {
		return nil
	}
	return &d.NumericDate
}
