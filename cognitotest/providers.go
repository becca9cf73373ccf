package cognitotest

import (
	"slices"
	"time"
)

// provider is an identity provider of the pool.
type provider struct {
	serial            int64
	name, kind        string
	settings          providerSettings
	created, modified time.Time
}

// providerSettings are the settings of a provider that an update may change. A missing member stays
// unchanged.
type providerSettings struct {
	ProviderDetails  map[string]string `json:",omitempty"`
	AttributeMapping map[string]string `json:",omitempty"`
	IdpIdentifiers   []string          `json:",omitempty"`
}

// findProvider returns a provider by name, or nil if there is none.
func (p *pool) findProvider(name string) *provider {
	i := slices.IndexFunc(p.providers, func(known *provider) bool { return known.name == name })
	if i < 0 {
		return nil
	}
	return p.providers[i]
}

// describedProvider is a provider on the wire.
type describedProvider struct {
	UserPoolID   string `json:"UserPoolId"`
	ProviderName string
	ProviderType string
	providerSettings
	LastModifiedDate float64
	CreationDate     float64
}

type providerOutput struct{ IdentityProvider describedProvider }

func (p *pool) describedProvider(known *provider) providerOutput {
	return providerOutput{describedProvider{
		UserPoolID: p.cfg.UserPoolID, ProviderName: known.name,
		ProviderType: known.kind, providerSettings: known.settings,
		LastModifiedDate: epoch(known.modified), CreationDate: epoch(known.created),
	}}
}

type providerInput struct {
	UserPoolID   string `json:"UserPoolId"`
	ProviderName string
}

type createProviderInput struct {
	providerInput
	providerSettings

	ProviderType string
}

func (p *pool) createIdentityProvider(in *createProviderInput) (providerOutput, error) {
	err := p.adminCall(in.UserPoolID)
	switch {
	case err != nil:
		return providerOutput{}, err
	case in.ProviderName == providerCognito || p.findProvider(in.ProviderName) != nil:
		return providerOutput{}, errDuplicateProvider(in.ProviderName)
	}
	added := &provider{
		serial: p.nextSerial(), name: in.ProviderName, kind: in.ProviderType, settings: in.providerSettings,
		created: p.now(), modified: p.now(),
	}
	if added.settings.AttributeMapping == nil {
		added.settings.AttributeMapping = map[string]string{"username": attrSub}
	}
	p.providers = append(p.providers, added)
	return p.describedProvider(added), nil
}

// existingProvider is the common start of calls on a provider.
func (p *pool) existingProvider(in providerInput) (*provider, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return nil, err
	}
	known := p.findProvider(in.ProviderName)
	if known == nil {
		return nil, errNoProvider(in.ProviderName)
	}
	return known, nil
}

func (p *pool) describeIdentityProvider(in *providerInput) (providerOutput, error) {
	known, err := p.existingProvider(*in)
	if err != nil {
		return providerOutput{}, err
	}
	return p.describedProvider(known), nil
}

type updateProviderInput struct {
	providerInput
	providerSettings
}

func (p *pool) updateIdentityProvider(in *updateProviderInput) (providerOutput, error) {
	known, err := p.existingProvider(in.providerInput)
	if err != nil {
		return providerOutput{}, err
	}
	if in.ProviderDetails != nil {
		known.settings.ProviderDetails = in.ProviderDetails
	}
	if in.AttributeMapping != nil {
		known.settings.AttributeMapping = in.AttributeMapping
	}
	if in.IdpIdentifiers != nil {
		known.settings.IdpIdentifiers = in.IdpIdentifiers
	}
	known.modified = p.now()
	return p.describedProvider(known), nil
}

func (p *pool) deleteIdentityProvider(in *providerInput) (noBody, error) {
	known, err := p.existingProvider(*in)
	if err != nil {
		return noBody{}, err
	}
	p.providers = slices.DeleteFunc(p.providers, func(other *provider) bool { return other == known })
	return noBody{}, nil
}

type listProvidersInput struct {
	UserPoolID string `json:"UserPoolId"`
	nextResults
}

type listedProvider struct {
	ProviderName     string
	ProviderType     string
	LastModifiedDate float64
	CreationDate     float64
}

type listProvidersOutput struct {
	Providers []listedProvider
	NextToken string `json:",omitempty"`
}

func (p *pool) listIdentityProviders(in *listProvidersInput) (listProvidersOutput, error) {
	out := listProvidersOutput{Providers: []listedProvider{}}
	if err := p.adminCall(in.UserPoolID); err != nil {
		return out, err
	}
	serial := func(known *provider) int64 { return known.serial }
	providers, next, err := cut(p, in.page("ListIdentityProviders"), p.providers, serial,
		func(*provider) bool { return true })
	out.NextToken = next
	for _, known := range providers {
		out.Providers = append(out.Providers,
			listedProvider{known.name, known.kind, epoch(known.modified), epoch(known.created)})
	}
	return out, err
}
