package cognitotest

import (
	"maps"
	"slices"
	"strconv"
)

// attribute is a name and a value on the wire.
type attribute struct {
	Name  string
	Value string
}

// readable lists the user's attributes that the client may see, sub first.
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
}

type updateAttributesOutput struct {
	CodeDeliveryDetailsList []*codeDelivery
}

func (p *pool) updateUserAttributes(in *updateAttributesInput) (updateAttributesOutput, error) {
	var out updateAttributesOutput
	v := &validation{}
	v.present("userAttributes", in.UserAttributes != nil)
	if err := v.err(); err != nil {
		return out, err
	}
	u, c, err := p.authorize(in.AccessToken)
	if err != nil {
		return out, err
	}
	if err := c.checkWritable(in.UserAttributes); err != nil {
		return out, err
	}
	out.CodeDeliveryDetailsList, err = p.updateAttributes(u, in.UserAttributes)
	return out, err
}

type adminUpdateAttributesInput struct {
	adminInput

	UserAttributes []attribute
}

func (p *pool) adminUpdateUserAttributes(in *adminUpdateAttributesInput) (empty, error) {
	u, err := p.adminUser(in.adminInput, func(v *validation) { v.present("userAttributes", in.UserAttributes != nil) })
	if err != nil {
		return empty{}, err
	}
	_, err = p.updateAttributes(u, in.UserAttributes)
	return empty{}, err
}

type deleteAttributesInput struct {
	AccessToken        string
	UserAttributeNames []string
}

func (p *pool) deleteUserAttributes(in *deleteAttributesInput) (empty, error) {
	v := &validation{}
	v.present("userAttributeNames", in.UserAttributeNames != nil)
	if err := v.err(); err != nil {
		return empty{}, err
	}
	u, c, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	blank := blanks(in.UserAttributeNames)
	if err := c.checkWritable(blank); err != nil {
		return empty{}, err
	}
	_, err = p.updateAttributes(u, blank)
	return empty{}, err
}

type adminDeleteAttributesInput struct {
	adminInput

	UserAttributeNames []string
}

func (p *pool) adminDeleteUserAttributes(in *adminDeleteAttributesInput) (empty, error) {
	u, err := p.adminUser(in.adminInput, func(v *validation) { v.present("userAttributeNames", in.UserAttributeNames != nil) })
	if err != nil {
		return empty{}, err
	}
	_, err = p.updateAttributes(u, blanks(in.UserAttributeNames))
	return empty{}, err
}

// blanks are the updates that delete the attributes names.
func blanks(names []string) []attribute {
	list := make([]attribute, len(names))
	for i, name := range names {
		list[i].Name = name
	}
	return list
}

// updateAttributes changes a user's attributes, all or none, and delivers codes for addresses that are new. Who
// asks must have been found to have the right to.
func (p *pool) updateAttributes(u *user, changes []attribute) ([]*codeDelivery, error) {
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
			sent = append(sent, p.sendCode(u, purposeVerify, attr, address))
		}
	}
	return sent, nil
}

// changed is what a user's attributes are after changes, of which blank ones delete.
func (p *pool) changed(u *user, changes []attribute) (map[string]string, error) {
	attributes := maps.Clone(u.attributes)
	for _, a := range changes {
		custom := p.custom(a.Name)
		switch {
		case a.Name == attrSub:
			return nil, errWriteSub
		case custom != nil && custom.Immutable:
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

// checkSignInName refuses to leave a user without a name to sign in with.
func (p *pool) checkSignInName(attributes map[string]string) error {
	names := p.cfg.UsernameAttributes
	if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return attributes[name] != "" }) {
		return nil
	}
	return errRequired(names[0])
}

// unverify takes the mark of being verified from addresses that are not what they were, unless the changes give it,
// and returns which those are.
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

// restore puts back what names had in old.
func restore(attributes, old map[string]string, names ...string) {
	for _, name := range names {
		if value, ok := old[name]; ok {
			attributes[name] = value
		} else {
			delete(attributes, name)
		}
	}
}

// conflict returns the attribute by which a user could not sign in any more with the given attributes, because it
// names another user; "" if there is none.
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
		if slices.ContainsFunc(p.having(attr, attributes[attr]), func(other *user) bool { return other != u && other.usable(attr) }) {
			return attr
		}
	}
	return ""
}
