package cognitotest

import (
	"cmp"
	"slices"
)

// resourceServer is an API whose scopes the pool grants, on the wire.
type resourceServer struct {
	UserPoolID string `json:"UserPoolId"`
	Identifier string
	Name       string
	Scopes     []resourceScope `json:",omitempty"`

	serial int64
}

type resourceScope struct{ ScopeName, ScopeDescription string }

const (
	maxResourceServers = 25
)

type resourceServerInput struct {
	UserPoolID string `json:"UserPoolId"`
	Identifier string
	Name       string
	Scopes     []resourceScope
}

type resourceServerOutput struct{ ResourceServer resourceServer }

func (p *pool) findResourceServer(identifier string) *resourceServer {
	i := slices.IndexFunc(p.resources, func(r *resourceServer) bool { return r.Identifier == identifier })
	if i < 0 {
		return nil
	}
	return p.resources[i]
}

func (p *pool) createResourceServer(in *resourceServerInput) (resourceServerOutput, error) {
	switch err := p.adminCall(in.UserPoolID); {
	case err != nil:
		return resourceServerOutput{}, err
	case p.findResourceServer(in.Identifier) != nil:
		return resourceServerOutput{}, errResourceServerExists(in.Identifier, p.cfg.UserPoolID)
	case len(p.resources) >= maxResourceServers:
		return resourceServerOutput{}, errTooManyResourceServers
	}
	r := &resourceServer{p.cfg.UserPoolID, in.Identifier, in.Name, in.Scopes, p.nextSerial()}
	p.resources = append(p.resources, r)
	p.noteResources()
	return resourceServerOutput{*r}, nil
}

// addResourceServer adds a resource server of the Config.
func (p *pool) addResourceServer(server ResourceServer) {
	scopes := make([]resourceScope, len(server.Scopes))
	for i, name := range server.Scopes {
		scopes[i] = resourceScope{name, name}
	}
	p.resources = append(p.resources, &resourceServer{
		p.cfg.UserPoolID, server.Identifier, cmp.Or(server.Name, server.Identifier), scopes, p.nextSerial(),
	})
}

// noteResources updates the Config, which the authorization server reads.
func (p *pool) noteResources() {
	p.cfg.ResourceServers = nil
	for _, r := range p.resources {
		server := ResourceServer{Identifier: r.Identifier, Name: r.Name}
		for _, scope := range r.Scopes {
			server.Scopes = append(server.Scopes, scope.ScopeName)
		}
		p.cfg.ResourceServers = append(p.cfg.ResourceServers, server)
	}
}

// existingResourceServer is the common start of calls on a resource server.
func (p *pool) existingResourceServer(in *resourceServerInput) (*resourceServer, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return nil, err
	}
	r := p.findResourceServer(in.Identifier)
	if r == nil {
		return nil, errNoResourceServer
	}
	return r, nil
}

func (p *pool) describeResourceServer(in *resourceServerInput) (resourceServerOutput, error) {
	r, err := p.existingResourceServer(in)
	if err != nil {
		return resourceServerOutput{}, err
	}
	return resourceServerOutput{*r}, nil
}

// updateResourceServer replaces the name and the scopes. Omitted scopes are deleted.
func (p *pool) updateResourceServer(in *resourceServerInput) (resourceServerOutput, error) {
	r, err := p.existingResourceServer(in)
	if err != nil {
		return resourceServerOutput{}, err
	}
	r.Name, r.Scopes = in.Name, in.Scopes
	p.noteResources()
	return resourceServerOutput{*r}, nil
}

func (p *pool) deleteResourceServer(in *resourceServerInput) (noBody, error) {
	r, err := p.existingResourceServer(in)
	if err != nil {
		return noBody{}, err
	}
	p.resources = slices.DeleteFunc(p.resources, func(other *resourceServer) bool { return other == r })
	p.noteResources()
	return noBody{}, nil
}

type listResourceServersInput struct {
	UserPoolID string `json:"UserPoolId"`
	nextResults
}

type listResourceServersOutput struct {
	ResourceServers []resourceServer
	NextToken       string `json:",omitempty"`
}

const maxResourcePage = 50

func (p *pool) listResourceServers(in *listResourceServersInput) (listResourceServersOutput, error) {
	out := listResourceServersOutput{ResourceServers: []resourceServer{}}
	if err := p.adminCall(in.UserPoolID); err != nil {
		return out, err
	}
	pg := in.page("ListResourceServers")
	pg.limit = min(pg.limit, maxResourcePage)
	found, next, err := cut(p, pg, p.resources,
		func(r *resourceServer) int64 { return r.serial }, func(*resourceServer) bool { return true })
	out.NextToken = next
	for _, r := range found {
		out.ResourceServers = append(out.ResourceServers, *r)
	}
	return out, err
}
