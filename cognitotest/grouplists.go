package cognitotest

import "slices"

type groupsOutput struct {
	Groups    []listedGroup
	NextToken string `json:",omitempty"`
}

type listGroupsInput struct {
	UserPoolID string `json:"UserPoolId"`
	nextPage
}

func (p *pool) listGroups(in *listGroupsInput) (groupsOutput, error) {
	if err := p.adminCall(in.UserPoolID, in.form); err != nil {
		return groupsOutput{}, err
	}
	return p.pageOfGroups(in.page("ListGroups"), func(*group) bool { return true })
}

type groupsForUserInput struct {
	adminInput
	nextPage
}

func (p *pool) adminListGroupsForUser(in *groupsForUserInput) (groupsOutput, error) {
	u, err := p.adminUser(in.adminInput, in.form)
	if err != nil {
		return groupsOutput{}, err
	}
	pg := in.page("AdminListGroupsForUser", u.sub)
	return p.pageOfGroups(pg, func(g *group) bool { return slices.Contains(u.groups, g) })
}

func (p *pool) pageOfGroups(pg page, keep func(*group) bool) (groupsOutput, error) {
	groups, next, err := cut(p, pg, p.groups, func(g *group) int64 { return g.serial }, keep)
	if err != nil {
		return groupsOutput{}, err
	}
	out := groupsOutput{Groups: []listedGroup{}, NextToken: next}
	for _, g := range groups {
		out.Groups = append(out.Groups, p.listedGroup(g))
	}
	return out, nil
}

type usersInGroupInput struct {
	UserPoolID string `json:"UserPoolId"`
	GroupName  string
	nextPage
}

type usersInGroupOutput struct {
	Users     []listedUser
	NextToken string `json:",omitempty"`
}

func (p *pool) listUsersInGroup(in *usersInGroupInput) (usersInGroupOutput, error) {
	err := p.adminCall(in.UserPoolID, func(v *validation) {
		v.name("groupName", in.GroupName)
		in.form(v)
	})
	if err != nil {
		return usersInGroupOutput{}, err
	}
	g := p.findGroup(in.GroupName)
	if g == nil {
		return usersInGroupOutput{}, errNoGroup
	}
	members := func(u *user) bool { return slices.Contains(u.groups, g) }
	users, next, err := cut(p, in.page("ListUsersInGroup", g.Name), p.users, func(u *user) int64 { return u.serial }, members)
	if err != nil {
		return usersInGroupOutput{}, err
	}
	return usersInGroupOutput{Users: p.listedUsers(users, nil), NextToken: next}, nil
}
