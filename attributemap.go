package cognito

import (
	"fmt"
	"maps"
	"slices"
)

// AttributeMap gives attributes names of your own in one call, and in the [User] that it returns: the keys are the
// names in the pool, the values yours. What is not in it keeps its name.
//
//	cognito.AttributeMap{"given_name": "first", "custom:team": "team"}
type AttributeMap map[string]string

func (m AttributeMap) applyCall(o *callOptions) {
	o.given = append(o.given, optAttributeMap)
	names, err := newAttributeNames(m)
	if err != nil {
		o.errs = append(o.errs, err)
	}
	o.attributes = names
}

// attributeNames translates the names of attributes; the zero value leaves them as they are.
type attributeNames struct {
	yours map[string]string // by the pool's name
	pools map[string]string // by yours
}

func newAttributeNames(m AttributeMap) (attributeNames, error) {
	names := attributeNames{yours: maps.Clone(map[string]string(m)), pools: make(map[string]string, len(m))}
	for _, pools := range slices.Sorted(maps.Keys(m)) {
		yours := m[pools]
		if pools == "" || yours == "" {
			return attributeNames{}, fieldError("option "+optAttributeMap, "want no empty names")
		}
		if other, taken := names.pools[yours]; taken {
			return attributeNames{}, fieldError("option "+optAttributeMap, fmt.Sprintf("want one attribute for the name %s, got %s and %s", quote(yours), quote(other), quote(pools)))
		}
		names.pools[yours] = pools
	}
	return names, nil
}

// fromPool gives attributes your names, in a new map.
func (n attributeNames) fromPool(attrs Attributes) (Attributes, error) {
	return renamed(attrs, n.yours)
}

// toPool gives attributes the names that the service knows, in a new map.
func (n attributeNames) toPool(attrs Attributes) (Attributes, error) { return renamed(attrs, n.pools) }

// renamed is attrs under other names. That two attributes end up under one name is an error, since one of them would
// be lost; so is a name that no attribute has.
func renamed(attrs Attributes, names map[string]string) (Attributes, error) {
	out := make(Attributes, len(attrs))
	for name, value := range attrs {
		if name == "" {
			return nil, fieldError("attributes", "want no empty names")
		}
		if other, ok := names[name]; ok {
			name = other
		}
		if _, taken := out[name]; taken {
			return nil, fieldError("option "+optAttributeMap, "two attributes would be called "+quote(name))
		}
		out[name] = value
	}
	return out, nil
}
