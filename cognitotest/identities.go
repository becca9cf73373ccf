package cognitotest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

const (
	attrIdentities   = "identities"
	attrSubject      = "Cognito_Subject" // stands for the ID that the provider knows the user by
	maxIdentities    = 5
	identityNotFirst = "false"
)

// socialKinds are the kinds of providers that identify users only with an ID.
var socialKinds = []string{"Facebook", "Google", "LoginWithAmazon", "SignInWithApple"}

// identity is a user of a provider that is linked to a user of the pool.
type identity struct {
	provider, kind   string
	attribute, value string // as it was linked
	linked           time.Time
}

// identityEntry is an identity in the attribute identities.
type identityEntry struct {
	UserID       string  `json:"userId"`
	ProviderName string  `json:"providerName"`
	ProviderType string  `json:"providerType"`
	Issuer       *string `json:"issuer"`
	Primary      string  `json:"primary"`
	DateCreated  string  `json:"dateCreated"`
}

// providerUser names a user on the wire.
type providerUser struct {
	ProviderName, ProviderAttributeName, ProviderAttributeValue string
}

func (n providerUser) isLocal() bool { return strings.EqualFold(n.ProviderName, providerCognito) }

type linkInput struct {
	UserPoolID      string `json:"UserPoolId"`
	DestinationUser *providerUser
	SourceUser      *providerUser
}

// adminLinkProviderForUser lets a user of a provider sign in as a user of the pool.
func (p *pool) adminLinkProviderForUser(in *linkInput) (empty, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return empty{}, err
	}
	source := *in.SourceUser
	if source.isLocal() {
		return empty{}, errLocalSource
	}
	known, err := p.namedProvider(source)
	if err != nil {
		return empty{}, err
	}
	u := p.providerUser(*in.DestinationUser)
	switch holder, _ := p.holder(source); {
	case u == nil:
		return empty{}, errUserNotFound
	case holder != nil:
		return empty{}, errLinked
	case p.directory.names[p.fold(source.username())] != nil:
		return empty{}, errMerging
	case len(u.identities) == maxIdentities:
		return empty{}, errTooManyIdentities
	}
	u.identities = append(slices.Clone(u.identities), identity{
		provider: known.name, kind: known.kind, attribute: source.ProviderAttributeName,
		value: source.ProviderAttributeValue, linked: p.now(),
	})
	return empty{}, p.showIdentities(u)
}

// namedProvider returns the provider of a user, who must be named as the provider's kind requires.
func (p *pool) namedProvider(n providerUser) (*provider, error) {
	known := p.findProvider(n.ProviderName)
	switch {
	case known == nil:
		return nil, errNoProvider(n.ProviderName)
	case n.ProviderAttributeName == attrSubject && n.ProviderAttributeValue != "":
		return known, nil
	case n.ProviderAttributeName == "" || n.ProviderAttributeValue == "", slices.Contains(socialKinds, known.kind):
		return nil, errIdentityAttribute
	}
	if _, mapped := known.settings.AttributeMapping[n.ProviderAttributeName]; !mapped {
		return nil, errIdentityAttribute
	}
	return known, nil
}

// username returns the username of a provider's user who signs in without a link.
func (n providerUser) username() string { return n.ProviderName + "_" + n.ProviderAttributeValue }

// providerUser returns a user of the pool: a local one by username, one of a provider by the ID
// there.
func (p *pool) providerUser(n providerUser) *user {
	if n.isLocal() {
		return p.directory.names[p.fold(n.ProviderAttributeValue)]
	}
	return p.directory.names[p.fold(n.username())]
}

// holder returns the user that a provider's user is linked to, and the index of the link.
func (p *pool) holder(n providerUser) (*user, int) {
	for _, u := range p.users {
		i := slices.IndexFunc(u.identities, func(i identity) bool {
			return i.provider == n.ProviderName && i.attribute == n.ProviderAttributeName &&
				i.value == n.ProviderAttributeValue
		})
		if i >= 0 {
			return u, i
		}
	}
	return nil, -1
}

// showIdentities updates the attribute that shows a user's links.
func (p *pool) showIdentities(u *user) error {
	u.modified = p.now()
	if len(u.identities) == 0 {
		delete(u.attributes, attrIdentities)
		return nil
	}
	entries := []identityEntry{}
	for _, i := range u.identities {
		entries = append(entries, identityEntry{
			UserID: i.value, ProviderName: i.provider, ProviderType: i.kind, Primary: identityNotFirst,
			DateCreated: strconv.FormatInt(i.linked.UnixMilli(), 10),
		})
	}
	text, err := json.Marshal(entries)
	u.attributes[attrIdentities] = string(text)
	return err
}

type unlinkInput struct {
	UserPoolID string `json:"UserPoolId"`
	User       *providerUser
}

// adminDisableProviderForUser removes a link, or the password of a local user.
func (p *pool) adminDisableProviderForUser(in *unlinkInput) (empty, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return empty{}, err
	}
	if in.User.isLocal() {
		u := p.providerUser(*in.User)
		switch {
		case in.User.ProviderAttributeName != attrSubject:
			return empty{}, errIdentityAttribute
		case u == nil:
			return empty{}, errUserNotFound
		}
		u.verifier, u.modified = srp.Verifier{}, p.now()
		return empty{}, nil
	}
	if p.findProvider(in.User.ProviderName) == nil {
		return empty{}, errNoProvider(in.User.ProviderName)
	}
	u, i := p.holder(*in.User)
	if u == nil {
		return empty{}, errUserNotFound
	}
	u.identities = slices.Delete(slices.Clone(u.identities), i, i+1)
	return empty{}, p.showIdentities(u)
}
