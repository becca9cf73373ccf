package cognitotest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// attribute is a name and a value on the wire.
type attribute struct {
	Name  string
	Value string
}

// readable returns the user's attributes that the client may read, sub first.
func (u *user) readable(c *Client) []attribute {
	list := []attribute{{attrSub, u.sub}}
	for _, name := range slices.Sorted(maps.Keys(u.attributes)) {
		if name != attrSub && (c == nil || c.ReadAttributes == nil || slices.Contains(c.ReadAttributes, name)) {
			list = append(list, attribute{name, u.attributes[name]})
		}
	}
	return list
}

type updateAttributesInput struct {
	AccessToken    string
	UserAttributes []attribute
	ClientMetadata map[string]string
}

type updateAttributesOutput struct {
	CodeDeliveryDetailsList []*codeDelivery
}

func (p *pool) updateUserAttributes(in *updateAttributesInput) (updateAttributesOutput, error) {
	var out updateAttributesOutput
	u, c, err := p.authorize(in.AccessToken)
	if err != nil {
		return out, err
	}
	if err := c.checkWritable(in.UserAttributes); err != nil {
		return out, err
	}
	out.CodeDeliveryDetailsList, err = p.updateAttributes(u, in.UserAttributes, c, in.ClientMetadata)
	return out, err
}

type adminUpdateAttributesInput struct {
	adminMetadataInput

	UserAttributes []attribute
}

func (p *pool) adminUpdateUserAttributes(in *adminUpdateAttributesInput) (empty, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return empty{}, err
	}
	_, err = p.updateAttributes(u, in.UserAttributes, nil, in.ClientMetadata)
	return empty{}, err
}

type deleteAttributesInput struct {
	AccessToken        string
	UserAttributeNames []string
}

func (p *pool) deleteUserAttributes(in *deleteAttributesInput) (empty, error) {
	u, c, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	blank := blanks(in.UserAttributeNames)
	if err := c.checkWritable(blank); err != nil {
		return empty{}, err
	}
	_, err = p.updateAttributes(u, blank, c, nil)
	return empty{}, err
}

type adminDeleteAttributesInput struct {
	adminInput

	UserAttributeNames []string
}

func (p *pool) adminDeleteUserAttributes(in *adminDeleteAttributesInput) (empty, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return empty{}, err
	}
	_, err = p.updateAttributes(u, blanks(in.UserAttributeNames), nil, nil)
	return empty{}, err
}

// blanks returns the updates that delete the attributes names.
func blanks(names []string) []attribute {
	list := make([]attribute, len(names))
	for i, name := range names {
		list[i].Name = name
	}
	return list
}

// updateAttributes changes a user's attributes, all or none, and delivers codes for new addresses.
// The caller must have checked that this is allowed. c is nil for an administrator.
func (p *pool) updateAttributes(
	u *user, changes []attribute, c *Client, metadata map[string]string,
) ([]*codeDelivery, error) {
	attributes, err := p.changed(u, changes)
	if err != nil {
		return nil, err
	}
	unverified := unverify(u, attributes, changes)
	if attr := p.conflict(u, attributes); attr != "" {
		return nil, errAliasExists(attr)
	}
	addresses := map[string]string{}
	for _, attr := range unverified {
		addresses[attr] = attributes[attr]
		if slices.Contains(p.cfg.AttributesRequireVerificationBeforeUpdate, attr) {
			restore(attributes, u.attributes, attr, attr+verifiedSuffix)
		}
	}
	p.setAttributes(u, attributes)
	var sent []*codeDelivery
	for _, attr := range []string{attrPhone, attrEmail} {
		if address := addresses[attr]; address != "" && slices.Contains(p.cfg.AutoVerifiedAttributes, attr) {
			code, err := p.sendCode(u, occasion{purposeVerify, "UpdateUserAttribute", c, metadata}, attr, address)
			if err != nil {
				return nil, err
			}
			sent = append(sent, code)
		}
	}
	return sent, nil
}

// changed returns a user's attributes after changes. A blank value deletes an attribute.
func (p *pool) changed(u *user, changes []attribute) (map[string]string, error) {
	attributes := maps.Clone(u.attributes)
	for _, a := range changes {
		custom := p.custom(a.Name)
		switch {
		case a.Name == attrSub:
			return nil, errWriteSub
		case custom != nil && custom.Immutable, slices.Contains(p.immutable, a.Name) && attributes[a.Name] != a.Value:
			return nil, errAttribute(a.Name, "Attribute cannot be updated.\n")
		case a.Value != "" || !p.inSchema(a.Name):
			if err := p.checkValue(a); err != nil {
				return nil, err
			}
			attributes[a.Name] = a.Value
		case slices.Contains(p.cfg.RequiredAttributes, a.Name):
			return nil, errRequired(a.Name)
		default:
			delete(attributes, a.Name)
		}
	}
	return attributes, p.checkSignInName(attributes)
}

// checkSignInName rejects changes that leave a user without a name to sign in with.
func (p *pool) checkSignInName(attributes map[string]string) error {
	names := p.cfg.UsernameAttributes
	if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return attributes[name] != "" }) {
		return nil
	}
	return errRequired(names[0])
}

// unverify marks addresses that have changed as unverified, unless changes set that themselves, and
// returns their names.
func unverify(u *user, attributes map[string]string, changes []attribute) []string {
	var unverified []string
	for _, attr := range []string{attrPhone, attrEmail} {
		flag := attr + verifiedSuffix
		given := slices.ContainsFunc(changes, func(a attribute) bool { return a.Name == flag })
		switch {
		case attributes[attr] == "":
			delete(attributes, flag)
		case attributes[attr] == u.attributes[attr], given && attributes[flag] == strconv.FormatBool(true):
		default:
			attributes[flag] = strconv.FormatBool(false)
			unverified = append(unverified, attr)
		}
	}
	return unverified
}

// restore sets names back to their values in old.
func restore(attributes, old map[string]string, names ...string) {
	for _, name := range names {
		if value, ok := old[name]; ok {
			attributes[name] = value
		} else {
			delete(attributes, name)
		}
	}
}

// conflict returns the first attribute with which a user with the given attributes could not sign
// in, because it names another user. It returns "" if there is none.
func (p *pool) conflict(u *user, attributes map[string]string) string {
	for _, attr := range p.cfg.UsernameAttributes {
		if slices.ContainsFunc(p.having(attr, attributes[attr]), func(other *user) bool { return other != u }) {
			return attr
		}
	}
	for _, attr := range p.cfg.AliasAttributes {
		if attr != attrPreferred && attributes[attr+verifiedSuffix] != strconv.FormatBool(true) {
			continue
		}
		taken := func(other *user) bool { return other != u && other.usable(attr) }
		if slices.ContainsFunc(p.having(attr, attributes[attr]), taken) {
			return attr
		}
	}
	return ""
}

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

// standardAttributes are the attributes of every pool that users may write.
var standardAttributes = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", attrPreferred, "profile", "picture", "website",
	attrEmail, "gender", "birthdate", "zoneinfo", "locale", attrPhone, "address", "updated_at",
}

// CustomAttribute is an attribute of a pool in addition to the standard ones.
type CustomAttribute struct {
	// Name is the name without the prefix "custom:".
	Name string
	// Type is "String", "Number", "Boolean" or "DateTime". The default is "String".
	Type string
	// Immutable attributes can be set only when a user is created.
	Immutable bool
	// Min and Max bound the length of a String and the value of a Number. A zero Max means no
	// bound, or 2048 for a String.
	Min, Max int64
}

// The types of attributes.
const (
	typeString   = "String"
	typeNumber   = "Number"
	typeBoolean  = "Boolean"
	typeDateTime = "DateTime"
)

// verifiedFlag reports whether an attribute tells that another one is verified.
func verifiedFlag(name string) bool { return name == attrEmailVerified || name == attrPhoneVerified }

// custom returns the definition of a custom attribute by its name on the wire, or nil if there is
// none. A pool whose Config has no definitions accepts every name.
func (p *pool) custom(name string) *CustomAttribute {
	short, ok := strings.CutPrefix(strings.TrimPrefix(name, developerPrefix), customPrefix)
	if !ok || short == "" {
		return nil
	}
	i := slices.IndexFunc(p.cfg.CustomAttributes, func(c CustomAttribute) bool { return c.Name == short })
	switch {
	case i >= 0:
		return &p.cfg.CustomAttributes[i]
	case p.anyCustom:
		return &CustomAttribute{Name: short, Type: typeString}
	default:
		return nil
	}
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

// checkTyped checks a value against its type and bounds. Only the text for a String that is too
// long is known to be the service's.
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

// checkAttributes checks the attributes of a new user or in a response to a challenge, and returns
// them by name.
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

// checkAdminAttributes is checkAttributes for attributes that an administrator sets, which may
// include *_verified.
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

// userMayWrite reports whether users can be allowed to write an attribute.
func userMayWrite(name string) bool {
	return name != attrSub && !verifiedFlag(name) && !strings.HasPrefix(name, developerPrefix)
}

// checkWritable checks the client's WriteAttributes.
func (c *Client) checkWritable(list []attribute) error {
	for _, a := range list {
		if !userMayWrite(a.Name) || (c.WriteAttributes != nil && !slices.Contains(c.WriteAttributes, a.Name)) {
			return errWriteAttribute
		}
	}
	return nil
}

// checkRequired reports which of the pool's required attributes are missing, one per line.
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

type verificationCodeInput struct {
	AccessToken, AttributeName string
	ClientMetadata             map[string]string
}

func (p *pool) getUserAttributeVerificationCode(in *verificationCodeInput) (deliveryOutput, error) {
	u, c, err := p.verifying(in.AccessToken, in.AttributeName)
	if err != nil {
		return deliveryOutput{}, err
	}
	address := u.attributes[in.AttributeName]
	if pending := u.codes[codeKey(purposeVerify, in.AttributeName)]; pending != nil {
		address = pending.address // maybe one that the attribute does not have before it is verified
	}
	switch {
	case address == "":
		// The service's text is not known.
		return deliveryOutput{}, invalidParameter("User does not have the attribute " + in.AttributeName)
	case !p.attempt("GetUserAttributeVerificationCode", u.username, requestCodeAttempts):
		return deliveryOutput{}, errAttemptLimit
	}
	verify := occasion{purposeVerify, "VerifyUserAttribute", c, in.ClientMetadata}
	sent, err := p.sendCode(u, verify, in.AttributeName, address)
	return deliveryOutput{sent}, err
}

type verifyAttributeInput struct{ AccessToken, AttributeName, Code string }

func (p *pool) verifyUserAttribute(in *verifyAttributeInput) (empty, error) {
	u, _, err := p.verifying(in.AccessToken, in.AttributeName)
	if err != nil {
		return empty{}, err
	}
	if !p.attempt("VerifyUserAttribute", u.username, verifyAttempts) {
		return empty{}, errAttemptLimit
	}
	key := codeKey(purposeVerify, in.AttributeName)
	sent, err := p.checkCode(u, key, in.Code)
	if err != nil {
		return empty{}, err
	}
	attributes := maps.Clone(u.attributes)
	attributes[in.AttributeName], attributes[in.AttributeName+verifiedSuffix] = sent.address, "true"
	if attr := p.conflict(u, attributes); attr != "" {
		return empty{}, errAliasExists(attr)
	}
	delete(u.codes, key)
	p.setAttributes(u, attributes)
	return empty{}, nil
}

// verifying is the common start of the two calls that verify an attribute.
func (p *pool) verifying(accessToken, attr string) (*user, *Client, error) {
	u, c, err := p.authorize(accessToken)
	if err != nil {
		return nil, nil, err
	}
	if attr != attrEmail && attr != attrPhone {
		// The service's text is not known.
		return nil, nil, invalidParameter("Invalid attribute name: " + attr)
	}
	return u, c, nil
}
